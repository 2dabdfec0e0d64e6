//! Whatever the bytes, there is an answer: no panic, no endless loop, no number that is not one.
#![allow(clippy::unwrap_used)]

mod common;

use common::{ENCODER, golden, golden_names};
use proptest::prelude::*;
use proptest::sample::Index;

/// Golden pictures small enough to be decoded thousands of times.
fn small_pictures() -> Vec<Vec<u8>> {
    let files = golden_names().into_iter().map(|name| golden(&name));
    files.filter(|file| file.len() < 60_000).collect()
}

fn survives(file: &[u8]) {
    if let Ok(pixels) = ENCODER.preprocess(file) {
        assert_eq!(pixels.len(), 3 * 224 * 224);
        assert!(pixels.iter().all(|value| value.is_finite()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes(
        picture in prop::sample::select(small_pictures()),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..12),
    ) {
        let mut file = picture;
        for (place, value) in changes {
            let place = place.index(file.len());
            file[place] = value;
        }
        survives(&file);
    }

    #[test]
    fn changed_headers(
        picture in prop::sample::select(small_pictures()),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..6),
    ) {
        let mut file = picture;
        let header = file.len().min(200);
        for (place, value) in changes {
            file[place.index(header)] = value;
        }
        survives(&file);
    }

    #[test]
    fn parts_left_out_or_repeated(
        picture in prop::sample::select(small_pictures()),
        from in any::<Index>(),
        to in any::<Index>(),
        copies in 0usize..3,
    ) {
        let (from, to) = (from.index(picture.len()), to.index(picture.len()));
        let (from, to) = (from.min(to), from.max(to));
        let mut file = picture[..from].to_vec();
        for _ in 0..copies {
            file.extend_from_slice(&picture[from..to]);
        }
        file.extend_from_slice(&picture[to..]);
        survives(&file);
    }

    #[test]
    fn noise_behind_a_signature(
        picture in prop::sample::select(small_pictures()),
        kept in 3usize..40,
        noise in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        let mut file = picture[..kept.min(picture.len())].to_vec();
        file.extend(noise);
        survives(&file);
    }
}
