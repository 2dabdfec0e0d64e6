//! Any bytes give a result or an error: no panic, no NaN, no more memory than the header states, no
//! more time than the size justifies.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use common::{ENCODER, golden, golden_names};
use lookalike_encoder::{ImageInfo, inspect};
use lookalike_test_support::{Cost, CountingAllocator};
use proptest::prelude::*;
use proptest::sample::Index;

/// Returns golden images small enough to be decoded thousands of times.
fn small_images() -> Vec<Vec<u8>> {
    let files = golden_names().into_iter().map(|name| golden(&name));
    files.filter(|file| file.len() < 60_000).collect()
}

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// One measurement at a time: the allocator counts the memory of all threads.
static ALONE: Mutex<()> = Mutex::new(());

/// Memory that other tests may take during a measurement, to choose their files.
const OTHERS: u64 = 4 << 20;

fn survives(file: &[u8]) {
    let _alone = ALONE.lock();
    LazyLock::force(&ENCODER);
    let (info, cost) = Cost::of(|| inspect(file));
    assert!(
        cost.memory <= file.len() as u64 + OTHERS,
        "{cost:?} for a header"
    );
    // Nothing is decoded of a file whose header is invalid.
    let told = info.as_ref().map_or(file.len() as u64, |info| info.memory);
    let size = file.len() as u64 + info.as_ref().map_or(0, ImageInfo::pixels);
    let (pixels, cost) = Cost::of(|| ENCODER.preprocess(file));
    assert!(
        cost.memory <= told + OTHERS,
        "{cost:?}, of {told} bytes of memory stated"
    );
    let limit = Duration::from_millis(100) + Duration::from_nanos(500 * size);
    assert!(cost.time <= limit, "{cost:?} for {size} bytes and pixels");
    if let Ok(pixels) = pixels {
        assert!(info.is_ok(), "refused by its header, and decoded");
        assert_eq!(pixels.len(), 3 * 224 * 224);
        assert!(pixels.iter().all(|value| value.is_finite()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes(
        image in prop::sample::select(small_images()),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..12),
    ) {
        let mut file = image;
        for (place, value) in changes {
            let place = place.index(file.len());
            file[place] = value;
        }
        survives(&file);
    }

    #[test]
    fn changed_headers(
        image in prop::sample::select(small_images()),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..6),
    ) {
        let mut file = image;
        let header = file.len().min(200);
        for (place, value) in changes {
            file[place.index(header)] = value;
        }
        survives(&file);
    }

    #[test]
    fn parts_left_out_or_repeated(
        image in prop::sample::select(small_images()),
        from in any::<Index>(),
        to in any::<Index>(),
        copies in 0usize..3,
    ) {
        let (from, to) = (from.index(image.len()), to.index(image.len()));
        let (from, to) = (from.min(to), from.max(to));
        let mut file = image[..from].to_vec();
        for _ in 0..copies {
            file.extend_from_slice(&image[from..to]);
        }
        file.extend_from_slice(&image[to..]);
        survives(&file);
    }

    #[test]
    fn noise_behind_a_signature(
        image in prop::sample::select(small_images()),
        kept in 3usize..40,
        noise in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        let mut file = image[..kept.min(image.len())].to_vec();
        file.extend(noise);
        survives(&file);
    }
}
