//! AVIF files show the same as the images that they were made from (`avif/make.py`); damaged ones
//! are refused.
#![allow(clippy::unwrap_used)]

mod common;

use common::{ENCODER, cosine, golden};
use lookalike_encoder::{ImageFormat, inspect};

fn avif(name: &str) -> Vec<u8> {
    let folder = common::golden_folder().join("../avif");
    std::fs::read(folder.join(name)).unwrap()
}

#[test]
fn they_look_like_their_sources() {
    let turned = (1..=8).map(|n| (format!("turned-{n}.avif"), format!("exif-{n}.jpg")));
    let plain = [
        ("colour-420.avif", "baseline-444-300x400.jpg"),
        ("colour-444.avif", "baseline-444-300x400.jpg"),
        ("limited.avif", "baseline-444-300x400.jpg"),
        ("deep-10.avif", "baseline-444-300x400.jpg"),
        ("grey.avif", "grey-320x213.jpg"),
        ("alpha.avif", "alpha-200x180.png"),
    ];
    let plain = plain.map(|(avif, source)| (avif.to_owned(), source.to_owned()));
    for (name, source) in plain.into_iter().chain(turned) {
        let (file, source) = (avif(&name), golden(&source));
        let info = inspect(&file).unwrap();
        let expected = inspect(&source).unwrap();
        assert_eq!(info.format, ImageFormat::Avif);
        assert_eq!((info.width, info.height), (expected.width, expected.height));
        let found = ENCODER.embed(&file).unwrap();
        let cosine = cosine(&found, &ENCODER.embed(&source).unwrap());
        println!("{name}: {cosine}");
        assert!(cosine > 0.98, "{name}: {cosine}");
    }
}

#[test]
fn cut_files_are_refused() {
    let whole = avif("colour-420.avif");
    for kept in [20, 40, 100, 250, whole.len() / 2, whole.len() - 1] {
        let error = ENCODER.preprocess(&whole[..kept]).unwrap_err();
        assert_eq!(error.code(), "corrupt", "{kept}: {error}");
    }
}

#[test]
fn sides_are_checked_before_anything_is_decoded() {
    let whole = avif("colour-420.avif");
    let place = whole.windows(4).position(|name| name == b"ispe").unwrap() + 8;
    for (side, code) in [
        (60_000u32, "too-many-pixels"),
        (100, "corrupt"),
        (0, "corrupt"),
    ] {
        let mut file = whole.clone();
        file[place..place + 4].copy_from_slice(&side.to_be_bytes());
        file[place + 4..place + 8].copy_from_slice(&side.to_be_bytes());
        let error = ENCODER.preprocess(&file).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
}

/// The decoder is a translation from C, so it is tested with damaged files: any bytes give a result
/// or an error.
#[test]
fn damage_is_survived() {
    let whole = avif("alpha.avif");
    let start = whole.windows(4).position(|name| name == b"mdat").unwrap();
    let mut state = 7u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize
    };
    for round in 0..600 {
        let mut file = whole.clone();
        let from = if round % 2 == 0 { start } else { 0 };
        for _ in 0..1 + random() % 8 {
            let place = from + random() % (file.len() - from);
            file[place] = random() as u8;
        }
        if let Ok(pixels) = ENCODER.preprocess(&file) {
            assert!(pixels.iter().all(|value| value.is_finite()));
        }
    }
}
