//! Uniform margins are trimmed, and no part of a subject is.
#![allow(clippy::unwrap_used)]

mod common;

use common::area::*;
use common::{ENCODER, from_models, golden, model_files};
use image::{Rgb, RgbImage, Rgba, RgbaImage, imageops};
use lookalike_encoder::{Area, Encoder};
use proptest::prelude::*;

#[test]
fn margins_of_every_color_are_cut_off_in_spite_of_noise() {
    let subject = edged(500, 500);
    let plain = png(subject.clone());
    for color in [[255; 3], [0; 3], [246, 243, 238], [20, 90, 200]] {
        for (across, down) in [(400, 400), (900, 60), (60, 900), (700, 700)] {
            let sheet = on_a_sheet(&subject, across, down, color);
            let untouched = alike(&png(sheet.clone()), &Area::WHOLE, &plain);
            for file in [png(sheet.clone()), jpeg(&sheet, 90), jpeg(&sheet, 40)] {
                let trimmed = alike(&file, &TRIMMED, &plain);
                // A JPEG of quality 40 is another image to the encoder, with or without margins.
                assert!(
                    trimmed > 0.9 && trimmed > untouched,
                    "{color:?} {across} {down}: {trimmed}, {untouched}"
                );
            }
        }
    }
}

#[test]
fn bars_around_a_sheet_are_cut_off_with_it() {
    let subject = scene(400, 400);
    let sheet = on_a_sheet(&subject, 100, 100, [255; 3]);
    let screen = on_a_sheet(&sheet, 300, 0, [0; 3]);
    let screen = on_a_sheet(&screen, 0, 200, [30, 30, 34]);
    let trimmed = alike(&png(screen), &TRIMMED, &png(subject));
    assert!(trimmed > 0.9, "{trimmed}");
}

#[test]
fn transparent_margins_are_cut_off_and_a_white_product_is_not() {
    let mut product = RgbaImage::new(900, 900);
    for (x, y, pixel) in product.enumerate_pixels_mut() {
        let from_middle = (f64::from(x) - 450.0).hypot(f64::from(y) - 500.0);
        if from_middle < 150.0 {
            // White with a dark ring in its middle: by colors alone only the ring would be left.
            let in_ring = (30.0..40.0).contains(&from_middle);
            let shade = if in_ring { 60 } else { 255 };
            *pixel = Rgba([shade, shade, shade, 255]);
        }
    }
    let cut = imageops::crop_imm(&product, 300, 350, 301, 301).to_image();
    let trimmed = ENCODER.preprocess_area(&png(product), &TRIMMED).unwrap();
    let expected = all_of(&png(cut));
    let pairs = trimmed.iter().zip(&expected);
    let difference: f32 = pairs.map(|(a, b)| (a - b).abs()).sum();
    assert!(difference / (trimmed.len() as f32) < 0.02, "{difference}");
}

#[test]
fn images_without_margins_or_subject_are_left_alone() {
    let white = RgbImage::from_pixel(300, 200, Rgb([255; 3]));
    let mut speck = RgbImage::from_pixel(2000, 2000, Rgb([255; 3]));
    speck.put_pixel(1000, 700, Rgb([0; 3]));
    let narrow = on_a_sheet(&scene(600, 500), 20, 20, [255; 3]);
    let clear = RgbaImage::new(50, 50);
    for file in [
        png(white),
        png(speck),
        png(narrow),
        png(clear),
        golden("baseline-640x480.jpg"),
        golden("one-pixel.gif"),
        golden("line-1x300.png"),
    ] {
        let trimmed = ENCODER.preprocess_area(&file, &TRIMMED).unwrap();
        assert!(trimmed == all_of(&file));
    }
}

/// The network sees a square: a long product stays whole.
#[test]
fn a_long_product_is_not_cut_at_its_ends() {
    let belt = scene(1000, 120);
    let sheet = on_a_sheet(&belt, 40, 480, [255; 3]);
    let sheet = png(sheet);
    let trimmed = ENCODER.preprocess_area(&sheet, &TRIMMED).unwrap();
    assert!(all_of(&sheet) == trimmed, "trimming gains nothing");
}

#[test]
fn a_crop_is_trimmed_within_its_box() {
    let subject = edged(300, 300);
    let sheet = on_a_sheet(&subject, 500, 500, [255; 3]);
    let both = Area {
        crop: Some("300,300,700,700".parse().unwrap()),
        trim: Some(true),
    };
    let trimmed = alike(&png(sheet.clone()), &both, &png(subject.clone()));
    assert!(trimmed > 0.9, "{trimmed}");
    let half = Area {
        crop: Some("300,300,350,700".parse().unwrap()),
        trim: Some(true),
    };
    // As much of the sheet stays as is needed to make half of the subject a square.
    let mut expected = RgbImage::from_pixel(300, 300, Rgb([255; 3]));
    imageops::replace(&mut expected, &part(&subject, [0, 0, 150, 300]), 150, 0);
    let trimmed = alike(&png(sheet), &half, &png(expected));
    assert!(trimmed > 0.99, "{trimmed}");
}

/// If little of a large JPEG is left, it is decoded again at the size that this needs.
#[test]
fn a_small_subject_of_a_large_jpeg_is_sharp() {
    let subject = scene(420, 420);
    let sheet = on_a_sheet(&subject, 1700, 1200, [255; 3]);
    let trimmed = alike(&jpeg(&sheet, 90), &TRIMMED, &png(subject));
    assert!(trimmed > 0.95, "{trimmed}");
}

/// The built-in encoder trims; one without the field, as other tools write the file, does not.
#[test]
fn the_preprocessing_file_decides_about_trimming() {
    let name = "lite0-clothing";
    let [model, config] = model_files(name);
    let mut config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    config.as_object_mut().unwrap().remove("trim_margins");
    let config = config.to_string();
    let leaves = Encoder::from_parts(name, &model, config.as_bytes()).unwrap();
    assert_ne!(leaves.fingerprint(), from_models(name).fingerprint());
    let file = png(on_a_sheet(&scene(300, 300), 300, 300, [255; 3]));
    let trimmed = ENCODER.preprocess_area(&file, &TRIMMED).unwrap();
    let whole = all_of(&file);
    assert!(trimmed != whole);
    assert!(ENCODER.preprocess(&file).unwrap() == trimmed);
    assert!(leaves.preprocess(&file).unwrap() == whole);
    assert!(leaves.preprocess_area(&file, &TRIMMED).unwrap() == trimmed);
    assert!(leaves.preprocess_area(&file, &Area::WHOLE).unwrap() == whole);
    // The fingerprint of the former built-in encoder before it trimmed: indexes that have it store these
    // files.
    assert_eq!(
        leaves.fingerprint()[..6],
        [0xd3, 0x07, 0x23, 0x7f, 0xc9, 0x56]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    /// Whatever is on a plain sheet, all of it stays visible.
    #[test]
    fn no_part_of_a_subject_is_cut_off(
        width in 60_u32..400, height in 60_u32..400,
        left in 0_u32..600, top in 0_u32..600, right in 0_u32..600, bottom in 0_u32..600,
    ) {
        let mut sheet = RgbImage::from_pixel(left + width + right, top + height + bottom, Rgb([250, 250, 250]));
        let subject = RgbImage::from_pixel(width, height, Rgb([0, 0, 0]));
        imageops::replace(&mut sheet, &subject, left.into(), top.into());
        let file = png(sheet);
        let black = |area: &Area| {
            let pixels = ENCODER.preprocess_area(&file, area).unwrap();
            let black = pixels.iter().filter(|value| **value < 0.0).count();
            black as f64 / pixels.len() as f64
        };
        // The subject becomes larger in what is seen, unless nothing was trimmed.
        let (whole, trimmed) = (black(&Area::WHOLE), black(&TRIMMED));
        prop_assert!(trimmed >= whole - 0.01, "{trimmed} of {whole}");
        prop_assert!(trimmed <= 1.0);
    }
}
