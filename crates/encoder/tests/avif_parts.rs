//! The valid parts of an AVIF file: one frame that is shown, and a readable opacity.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::ENCODER;
use common::avif::{Directory, boxed, data, unit, units};
use lookalike_encoder::{ImageError, inspect};
use lookalike_test_support::Cost;

const SIDES: (u32, u32) = (300, 400);

fn avif(name: &str) -> Vec<u8> {
    let folder = common::golden_folder().join("../avif");
    std::fs::read(folder.join(name)).unwrap()
}

/// Returns the header of the sequence and the frame of an image of 300x400 pixels.
fn parts() -> (Vec<u8>, Vec<u8>) {
    let units = units(data(&avif("colour-420.avif")));
    let content = |kind| units.iter().find(|unit| unit.0 == kind).unwrap().1.clone();
    (content(1), content(6))
}

fn file_of(units: &[(u8, &[u8])]) -> Vec<u8> {
    let units: Vec<_> = units
        .iter()
        .map(|(kind, content)| unit(*kind, content))
        .collect();
    Directory::new(SIDES, &units.concat(), None).file()
}

/// Returns the directory of a file with an image and then its opacity.
fn with_opacity() -> Directory {
    let file = avif("alpha.avif");
    let units = units(data(&file));
    let of = |units: &[(u8, Vec<u8>)]| {
        let units = units.iter().map(|(kind, content)| unit(*kind, content));
        units.collect::<Vec<_>>().concat()
    };
    Directory::new((200, 180), &of(&units[3..]), Some(&of(&units[..3])))
}

#[track_caller]
fn refused(file: &[u8], code: &str, words: &str) {
    let error: ImageError = ENCODER.preprocess(file).unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains(words), "{error}");
    assert_eq!(inspect(file), Err(error));
}

#[test]
fn one_frame_is_decoded_whatever_is_around_it() {
    let (sequence, frame) = parts();
    let expected = ENCODER.preprocess(&avif("colour-420.avif")).unwrap();
    let filling = [0x80];
    let plain = file_of(&[(1, &sequence), (6, &frame)]);
    let filled = file_of(&[
        (2, &[]),
        (15, &filling),
        (1, &sequence),
        (5, &[9, 9, 9]),
        (6, &frame),
        (15, &filling),
    ]);
    let open = [&unit(1, &sequence)[..], &[6 << 3], &frame].concat();
    let open = Directory::new(SIDES, &open, None).file();
    for file in [plain, filled, open] {
        let pixels = ENCODER.preprocess(&file);
        assert!(pixels.as_ref() == Ok(&expected), "{:?}", pixels.err());
    }
}

#[test]
fn several_frames_are_refused() {
    let (sequence, frame) = parts();
    for kind in [1, 6, 3, 7, 8] {
        let content = if kind == 1 { &sequence } else { &frame };
        let file = file_of(&[(1, &sequence), (6, &frame), (kind, content)]);
        refused(&file, "unsupported-format", "AVIF with several frames");
    }
    let file = file_of(&[(1, &sequence), (7, &frame)]);
    refused(&file, "unsupported-format", "AVIF with several frames");
}

#[test]
fn a_missing_frame_is_refused() {
    let (sequence, frame) = parts();
    for units in [
        &[][..],
        &[(1, &sequence[..])],
        &[(6, &frame)],
        &[(6, &frame), (1, &sequence)],
        &[(1, &sequence), (4, &frame)],
        &[(1, &sequence[..4]), (6, &frame)],
        &[(1, &sequence), (6, &[])],
    ] {
        refused(&file_of(units), "corrupt", "AVIF");
    }
    let mut cut = [unit(1, &sequence), unit(6, &frame)].concat();
    cut.pop();
    refused(
        &Directory::new(SIDES, &cut, None).file(),
        "corrupt",
        "damaged",
    );
    let many = unit(2, &[]).repeat(1_000_000);
    refused(
        &Directory::new(SIDES, &many, None).file(),
        "corrupt",
        "too many parts",
    );
}

#[test]
fn a_frame_is_as_large_as_its_file_says() {
    let (sequence, frame) = parts();
    let data = [unit(1, &sequence), unit(6, &frame)].concat();
    for sides in [(299, 400), (300, 399), (400, 300), (301, 400)] {
        refused(
            &Directory::new(sides, &data, None).file(),
            "corrupt",
            "not what its header says",
        );
    }
}

#[test]
fn memory_goes_by_the_frame() {
    let of = |name| inspect(&avif(name)).unwrap().memory;
    let pixels = 384 * 512 * 3 / 2;
    let deeper = of("deep-10.avif") - of("colour-420.avif");
    assert!(deeper > 3 * pixels, "{deeper}");
    assert!(of("colour-444.avif") > of("colour-420.avif") + pixels);
}

#[test]
fn opacity_is_whole_or_the_image_is_refused() {
    let whole = ENCODER.preprocess(&avif("alpha.avif")).unwrap();
    assert!(ENCODER.preprocess(&with_opacity().file()) == Ok(whole));
    type Damage = fn(&mut Directory);
    let damage: [(&str, Damage); 6] = [
        ("reference", |directory| {
            let references = directory.content(b"iref");
            references.pop();
        }),
        ("properties", |directory| {
            let lists = directory.content(b"iprp");
            let place = lists.windows(4).position(|name| name == b"ipma").unwrap();
            // The entry of the second item.
            lists[place + 4 + 8 + 4 + 1] = 9;
        }),
        ("place", |directory| {
            let places = directory.content(b"iloc");
            let end = places.len() - 4;
            places[end] = 0x7F;
        }),
        ("kind", |directory| {
            let entries = directory.content(b"iinf");
            let end = entries.len() - 5;
            entries[end..end + 4].copy_from_slice(b"hvc1");
        }),
        ("item", |directory| {
            directory.content(b"iref")[4 + 8 + 1] = 7
        }),
        ("frame", |directory| {
            let data = directory.content(b"idat");
            let middle = data.len() - 600;
            data[middle..].fill(0);
        }),
    ];
    for (name, damage) in damage {
        let mut directory = with_opacity();
        damage(&mut directory);
        let error = ENCODER.preprocess(&directory.file()).err();
        let code = error.as_ref().map(ImageError::code);
        assert_eq!(code, Some("corrupt"), "{name}: {error:?}");
    }
    let mut multiplied = with_opacity();
    let reference = boxed(b"prem", &[0, 1, 0, 1, 0, 2]);
    multiplied.content(b"iref").extend(reference);
    refused(
        &multiplied.file(),
        "unsupported-format",
        "AVIF with colors multiplied by their opacity",
    );
}

/// Lists that would be scanned again for each of their entries, and parts without bytes.
#[test]
fn long_lists_are_refused_at_once() {
    let entry = [0, 7, 0];
    let lists: [(&[u8; 4], Vec<u8>); 4] = [
        (b"iref", boxed(b"auxl", &[0, 9, 0, 1, 0, 1]).repeat(140_000)),
        (
            b"iinf",
            boxed(b"infe", &[2, 0, 0, 0, 0, 9, 0, 0]).repeat(120_000),
        ),
        (b"iprp", {
            let count = 600_000u32.to_be_bytes();
            let uses = [&[0; 4], &count[..], &entry.repeat(600_000)].concat();
            [boxed(b"ipco", &[]), boxed(b"ipma", &uses)].concat()
        }),
        (
            b"iprp",
            boxed(b"ipco", &boxed(b"free", &[]).repeat(250_000)),
        ),
    ];
    for (name, list) in lists {
        let mut directory = with_opacity();
        match name {
            b"iprp" => *directory.content(name) = list,
            _ => directory.content(name).extend(list),
        }
        quickly_refused(&directory.file(), "too many entries");
    }
    for (items, parts) in [(500u16, 65_535u16), (500, 2), (60_000, 1)] {
        let mut directory = with_opacity();
        let mut places = vec![1, 0, 0, 0, 0, 0];
        places.extend(items.to_be_bytes());
        for _ in 0..items {
            places.extend([0, 9, 0, 0, 0, 0]);
            places.extend(parts.to_be_bytes());
        }
        *directory.content(b"iloc") = places;
        quickly_refused(&directory.file(), "its directory");
    }
    let boxes = [
        boxed(b"ftyp", b"avif\0\0\0\0avif"),
        boxed(b"free", &[]).repeat(250_000),
    ];
    quickly_refused(&boxes.concat(), "its directory");
}

#[track_caller]
fn quickly_refused(file: &[u8], words: &str) {
    let (error, cost) = Cost::of(|| inspect(file).unwrap_err());
    assert_eq!(error.code(), "corrupt");
    assert!(error.to_string().contains(words), "{error}");
    assert!(cost.time < Duration::from_millis(50), "{cost:?}");
}
