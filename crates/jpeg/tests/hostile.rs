//! Any bytes are decoded or refused without a panic, with little memory and in little time.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use common::{Kind, PLAIN, SCALES, assembled, decode, segments};
use lookalike_jpeg::{Header, Scale};
use lookalike_test_support::{Cost, CountingAllocator};
use proptest::prelude::*;
use proptest::sample::Index;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// One measurement at a time: the allocator counts the memory of all threads.
static ALONE: Mutex<()> = Mutex::new(());

/// Maximum CPU time in which a hostile file is refused.
const MAX_TIME: Duration = Duration::from_millis(50);
/// Maximum memory in which it is refused.
const MAX_MEMORY: u64 = 64 << 20;

fn refused_cheaply(name: &str, file: &[u8]) {
    for scale in SCALES {
        let (decoded, cost) = Cost::of(|| decode(file, scale));
        assert!(decoded.is_err(), "{name} is decoded");
        let fits = cost.time <= MAX_TIME && cost.memory <= MAX_MEMORY;
        assert!(fits, "{name} at {scale:?}: {cost:?}");
    }
}

/// Makes the header of an image of this size with one-symbol tables, whose codes are single zero
/// bits.
fn header(frame: u8, (width, height): (u16, u16), components: u8) -> Vec<(u8, Vec<u8>)> {
    let mut content = vec![8];
    content.extend(height.to_be_bytes());
    content.extend(width.to_be_bytes());
    content.push(components);
    for identifier in 1..=components {
        content.extend([identifier, 0x11, 0]);
    }
    let table = |kind: u8, symbol: u8| [&[kind, 1][..], &[0; 15], &[symbol]].concat();
    vec![
        (0xDB, [&[0][..], &[1; 64]].concat()),
        (frame, content),
        (0xC4, [table(0x00, 0), table(0x10, 0)].concat()),
    ]
}

/// Makes a scan of all components, or of one.
fn scan(components: impl IntoIterator<Item = u8>, band: [u8; 3], data: &[u8]) -> (u8, Vec<u8>) {
    let components: Vec<u8> = components.into_iter().collect();
    let mut content = vec![components.len() as u8];
    for identifier in components {
        content.extend([identifier, 0]);
    }
    content.extend(band);
    content.extend(data);
    (0xDA, content)
}

#[test]
fn scans_without_data_are_refused_at_once() {
    let _alone = ALONE.lock();
    for frame in [0xC0, 0xC1, 0xC2, 0xC3] {
        for components in [1, 3, 4] {
            for scans in [1, 16, 99] {
                let mut parts = header(frame, (8000, 8000), components);
                let band = if frame == 0xC2 { [0, 0, 0] } else { [0, 63, 0] };
                for _ in 0..scans {
                    parts.push(scan(1..=components, band, b""));
                }
                let name = format!("{frame:x} with {components} components and {scans} scans");
                refused_cheaply(&name, &assembled(&parts));
            }
        }
    }
}

/// The minimum of bytes for an image of this size, which then ends too early.
#[test]
fn padded_files_are_refused_in_time() {
    let _alone = ALONE.lock();
    for (frame, band, bits) in [(0xC0, [0, 63, 0], 2), (0xC2, [0, 0, 0], 1)] {
        let mut parts = header(frame, (8000, 8000), 3);
        parts.push(scan(1..=3, band, b""));
        let mut file = assembled(&parts);
        file.resize(file.len() + 3 * 1000 * 1000 * bits / 8, 0);
        // Decoding a valid image of this size would take as much.
        let (decoded, cost) = Cost::of(|| decode(&file, Scale::Eighth));
        assert!(
            decoded.is_err() && cost.time <= MAX_TIME,
            "{frame:x}: {cost:?}"
        );
        assert!(cost.memory <= Header::read(&file).unwrap().memory(Scale::Eighth));
    }
}

#[test]
fn endless_tables_cost_no_more_than_their_length() {
    let _alone = ALONE.lock();
    let file = PLAIN.file();
    let parts = segments(&file);
    let tables: Vec<_> = parts
        .iter()
        .filter(|part| part.0 == 0xC4)
        .cloned()
        .collect();
    let mut many = parts.clone();
    many.splice(1..1, tables.into_iter().cycle().take(20_000));
    let many = assembled(&many);
    let (decoded, cost) = Cost::of(|| decode(&many, Scale::Quarter));
    assert_eq!(decoded, decode(&file, Scale::Quarter));
    assert!(
        cost.time <= MAX_TIME && cost.memory <= MAX_MEMORY,
        "{cost:?}"
    );
}

/// Scans that state in a few bytes that nothing changes.
#[test]
fn empty_progressive_scans_are_counted() {
    let _alone = ALONE.lock();
    let blocks = 125_u32 * 125;
    let mut parts = header(0xC2, (1000, 1000), 1);
    // A code of one bit for each block: no difference.
    let zeros = vec![0; blocks.div_ceil(8) as usize];
    parts.push(scan(1..=1, [0, 0, 0], &zeros));
    // Runs of 32,767 blocks without anything new.
    let run = [&[0x10, 1][..], &[0; 15], &[0xE0]].concat();
    parts.push((0xC4, run));
    for coefficient in 1..64 {
        parts.push(scan(1..=1, [coefficient, coefficient, 13], &[0x3F, 0xFE]));
        for low in (0..13).rev() {
            let bits = (low + 1) << 4 | low;
            parts.push(scan(1..=1, [coefficient, coefficient, bits], &[0x3F, 0xFE]));
        }
    }
    refused_cheaply("many scans", &assembled(&parts));
}

/// A coefficient of sixteen bits, to which the next scan adds one.
#[test]
fn coefficients_do_not_overflow() {
    let _alone = ALONE.lock();
    let mut parts = header(0xC2, (8, 8), 1);
    parts.push(scan(1..=1, [0, 0, 0], &[0]));
    // Three bits: -4 at the first AC position, times 2 to the power of 13; then one more bit.
    parts.push((0xC4, [&[0x10, 1][..], &[0; 15], &[3]].concat()));
    parts.push(scan(1..=1, [1, 1, 13], &[0b0011_1111]));
    parts.push((0xC4, [&[0x10, 1][..], &[0; 15], &[0]].concat()));
    parts.push(scan(1..=1, [1, 1, 0xDC], &[0b0111_1111]));
    let error = decode(&assembled(&parts), Scale::Whole).unwrap_err();
    assert!(error.to_string().contains("scan 2"), "{error}");
}

#[test]
fn claims_must_be_possible() {
    let _alone = ALONE.lock();
    let mut parts = header(0xC0, (65_535, 65_535), 3);
    parts.push(scan(1..=3, [0, 63, 0], &[0; 1000]));
    let file = assembled(&parts);
    let error = Header::read(&file).unwrap().check_length().unwrap_err();
    assert!(
        error.to_string().contains("claims 65535x65535 pixels"),
        "{error}"
    );
}

/// Made before anything is measured.
static SMALL_FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let _alone = ALONE.lock();
    let mut files = Vec::new();
    for sampling in common::SAMPLINGS {
        for (progressive, restart) in [(false, 3), (true, 0)] {
            files.push(
                Kind {
                    size: (70, 50),
                    sampling,
                    progressive,
                    restart,
                    ..PLAIN
                }
                .file(),
            );
        }
    }
    let golden = include_bytes!("../../encoder/tests/golden/pictures/progressive-400x533.jpg");
    files.push(golden.to_vec());
    files
});

/// Decodes at every scale, within the bounds stated by the header.
fn survives(file: &[u8]) -> Result<(), TestCaseError> {
    let _alone = ALONE.lock();
    for scale in SCALES {
        let Ok(header) = Header::read(file) else {
            return Ok(());
        };
        let ((width, height), memory) = (header.size(), header.memory(scale));
        // The encoder of the catalog checks the size first.
        if u64::from(width) * u64::from(height) > 4_000_000 {
            return Ok(());
        }
        let (decoded, cost) = Cost::of(|| decode(file, scale));
        // The memory of the other tests, which choose their files at the same time.
        let memory = memory + (1 << 20);
        prop_assert!(
            cost.memory <= memory,
            "{cost:?}, at most {memory} bytes were told"
        );
        let pixels = u64::from(width) * u64::from(height) + file.len() as u64;
        let limit = MAX_TIME + Duration::from_nanos(200 * pixels);
        prop_assert!(cost.time <= limit, "{cost:?} for {width}x{height}");
        if let Ok(image) = decoded {
            let side = |length: u32| (length * scale.eighths()).div_ceil(8);
            prop_assert_eq!((image.width, image.height), (side(width), side(height)));
            prop_assert_eq!(image.pixels.len() as u32, 3 * image.width * image.height);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes(
        mut file in prop::sample::select(&SMALL_FILES[..]),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..8),
        head in any::<bool>(),
    ) {
        let length = if head { file.len().min(700) } else { file.len() };
        for (place, value) in changes {
            file[place.index(length)] = value;
        }
        survives(&file)?;
    }

    #[test]
    fn parts_left_out_or_repeated(
        file in prop::sample::select(&SMALL_FILES[..]),
        (from, to) in (any::<Index>(), any::<Index>()),
        copies in 0usize..3,
    ) {
        let (from, to) = (from.index(file.len()), to.index(file.len()));
        let (from, to) = (from.min(to), from.max(to));
        let file = [&file[..from], &file[from..to].repeat(copies), &file[to..]].concat();
        survives(&file)?;
    }
}

#[test]
fn memory_stays_within_the_stated_bound() {
    let _alone = ALONE.lock();
    for sampling in common::SAMPLINGS {
        for progressive in [false, true] {
            for optimized in [false, true] {
                let kind = Kind {
                    size: (1203, 901),
                    sampling,
                    progressive,
                    optimized: optimized && !progressive,
                    ..PLAIN
                };
                let file = kind.file_of(|x, y, _| (((x * 3) ^ (y * 5)) % 251) as u8);
                for scale in SCALES {
                    let told = Header::read(&file).unwrap().memory(scale);
                    let (decoded, cost) = Cost::of(|| decode(&file, scale));
                    decoded.unwrap();
                    let peak = cost.memory;
                    assert!(
                        peak <= told,
                        "{kind:?} at {scale:?}: {peak} of {told} bytes"
                    );
                    assert!(
                        told <= 2 * peak + (2 << 20),
                        "{kind:?} at {scale:?}: {peak} of {told}"
                    );
                }
            }
        }
    }
}
