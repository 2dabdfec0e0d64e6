//! The embedding of a part of an image equals that of an image of that part.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::Cursor;

use common::{ENCODER, cosine, golden};
use image::metadata::Orientation;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage, imageops};
use jpeg_encoder::{ColorType, SamplingFactor};
use lookalike_encoder::{Area, Encoder};
use proptest::prelude::*;

fn crop(text: &str) -> Area {
    Area {
        crop: Some(text.parse().unwrap()),
        trim: Some(false),
    }
}

const TRIMMED: Area = Area {
    crop: None,
    trim: Some(true),
};

fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image.into().write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
}

fn jpeg(image: &RgbImage, quality: u8) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut file, quality);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    let (width, height) = (image.width() as u16, image.height() as u16);
    encoder
        .encode(image, width, height, ColorType::Rgb)
        .unwrap();
    file
}

/// Draws a scene of any size, without margins.
fn scene(width: u32, height: u32) -> RgbImage {
    let small = image::load_from_memory(&golden("baseline-640x480.jpg")).unwrap();
    imageops::resize(
        &small.into_rgb8(),
        width,
        height,
        imageops::FilterType::CatmullRom,
    )
}

/// Draws the scene with a pattern along its sides: no part of it is mistaken for a margin.
fn edged(width: u32, height: u32) -> RgbImage {
    let mut image = scene(width, height);
    for (x, y, pixel) in image.enumerate_pixels_mut() {
        if x < 6 || y < 6 || x >= width - 6 || y >= height - 6 {
            *pixel = Rgb([((x / 3 + y / 3) % 2 * 160 + 40) as u8; 3]);
        }
    }
    image
}

fn part(image: &RgbImage, [x, y, w, h]: [u32; 4]) -> RgbImage {
    imageops::crop_imm(image, x, y, w, h).to_image()
}

/// Draws the scene in the middle of a sheet of one color, with this much of it around.
fn on_a_sheet(scene: &RgbImage, across: u32, down: u32, color: [u8; 3]) -> RgbImage {
    let (width, height) = scene.dimensions();
    let mut sheet = RgbImage::from_pixel(width + 2 * across, height + 2 * down, Rgb(color));
    imageops::replace(&mut sheet, scene, across.into(), down.into());
    sheet
}

/// Returns what the network sees of the whole image.
fn all_of(file: &[u8]) -> Vec<f32> {
    ENCODER.preprocess_area(file, &Area::WHOLE).unwrap()
}

fn alike(file: &[u8], area: &Area, other: &[u8]) -> f64 {
    let found = ENCODER.embed_area(file, area).unwrap();
    cosine(&found, &ENCODER.embed_area(other, &Area::WHOLE).unwrap())
}

#[test]
fn a_crop_is_what_a_cropped_file_shows() {
    let whole = scene(640, 480);
    let file = png(whole.clone());
    for (text, pixels) in [
        ("100,50,300,200", [100, 50, 300, 200]),
        ("0,0,640,480", [0, 0, 640, 480]),
        ("25%,50%,50%,50%", [160, 240, 320, 240]),
        ("0.5,0.0,0.5,1.0", [320, 0, 320, 480]),
        ("600,440,40,40", [600, 440, 40, 40]),
        ("17,3,1,9", [17, 3, 1, 9]),
    ] {
        let found = ENCODER.preprocess_area(&file, &crop(text)).unwrap();
        let expected = all_of(&png(part(&whole, pixels)));
        assert!(found == expected, "{text}");
    }
    assert!(all_of(&file) == ENCODER.preprocess(&file).unwrap());
}

#[test]
fn a_crop_is_drawn_on_the_upright_image() {
    for number in 1..=8 {
        let file = golden(&format!("exif-{number}.jpg"));
        let orientation = Orientation::from_exif(number).unwrap();
        let mut upright = DynamicImage::from(decoded(&file));
        upright.apply_orientation(orientation);
        let upright = upright.into_rgb8();
        let (width, height) = upright.dimensions();
        let (w, h) = (width / 2, height / 3);
        let pixels = [width - w, height / 4, w, h];
        let text = pixels.map(|x| x.to_string()).join(",");
        let alike = alike(&file, &crop(&text), &png(part(&upright, pixels)));
        assert!(alike > 0.999, "orientation {number}: {alike}");
    }
}

fn decoded(jpeg: &[u8]) -> RgbImage {
    image::load_from_memory(jpeg).unwrap().into_rgb8()
}

/// The smaller the box, the more of a large JPEG is decoded.
#[test]
fn a_crop_of_a_large_image_is_as_sharp_as_the_image() {
    let whole = scene(4000, 3000);
    let file = jpeg(&whole, 90);
    let pixels = decoded(&file);
    for side in [200, 400, 800, 1600, 2900] {
        let box_ = [1001, 57, side, side];
        let text = box_.map(|x| x.to_string()).join(",");
        let expected = all_of(&png(part(&pixels, box_)));
        let found = ENCODER.preprocess_area(&file, &crop(&text)).unwrap();
        let pairs = found.iter().zip(&expected);
        let difference: f32 = pairs.map(|(a, b)| (a - b).abs()).sum();
        // Values are from -1 to 1: a step of 256 is 0.008.
        let mean = difference / found.len() as f32;
        assert!(mean < 0.02, "{side}: {mean}");
        let alike = alike(&file, &crop(&text), &png(part(&pixels, box_)));
        assert!(alike > 0.995, "{side}: {alike}");
    }
}

#[test]
fn a_box_outside_is_told_the_size_of_the_upright_image() {
    for number in [1, 3, 6, 8] {
        let file = golden(&format!("exif-{number}.jpg"));
        let stored = decoded(&file).dimensions();
        let error = ENCODER
            .embed_area(&file, &crop("5000,0,10,10"))
            .unwrap_err();
        assert_eq!(error.code(), "crop");
        let (width, height) = if number < 5 {
            stored
        } else {
            (stored.1, stored.0)
        };
        let named = format!("{width}x{height}");
        assert!(error.to_string().contains(&named), "{error}");
    }
    let error = ENCODER.embed_area(&golden("one-pixel.png"), &crop("0,0,0,1"));
    assert!(error.unwrap_err().to_string().contains("empty"));
    assert!(
        ENCODER
            .embed_area(&golden("one-pixel.png"), &crop("0,0,1,1"))
            .is_ok()
    );
}

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
                assert!(
                    trimmed > 0.95 && trimmed > untouched,
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
fn what_has_no_margins_or_no_subject_is_left_alone() {
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
fn an_encoder_says_whether_it_trims() {
    let (name, model, config) = Encoder::embedded_files();
    let mut config: serde_json::Value = serde_json::from_slice(config).unwrap();
    config.as_object_mut().unwrap().remove("trim_margins");
    let config = config.to_string();
    let leaves = Encoder::from_parts(name, model, config.as_bytes()).unwrap();
    assert_ne!(leaves.fingerprint(), ENCODER.fingerprint());
    let file = png(on_a_sheet(&scene(300, 300), 300, 300, [255; 3]));
    let trimmed = ENCODER.preprocess_area(&file, &TRIMMED).unwrap();
    let whole = all_of(&file);
    assert!(trimmed != whole);
    assert!(ENCODER.preprocess(&file).unwrap() == trimmed);
    assert!(leaves.preprocess(&file).unwrap() == whole);
    assert!(leaves.preprocess_area(&file, &TRIMMED).unwrap() == trimmed);
    assert!(leaves.preprocess_area(&file, &Area::WHOLE).unwrap() == whole);
    // The fingerprint of the built-in encoder before it trimmed: indexes that have it store these
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

    /// Any box in any file gives a result or an error.
    #[test]
    fn any_box_of_any_image_is_seen_or_refused(
        name in prop::sample::select(common::golden_names()),
        numbers in prop::array::uniform4(-0.5_f64..1.5),
        trim in any::<Option<bool>>(),
    ) {
        let unit = lookalike_encoder::CropUnit::Shares;
        let area = Area { crop: Some(lookalike_encoder::Crop::new(numbers, unit).unwrap()), trim };
        match ENCODER.preprocess_area(&golden(&name), &area) {
            Ok(pixels) => prop_assert!(pixels.iter().all(|value| value.is_finite())),
            Err(error) => prop_assert_eq!(error.code(), "crop"),
        }
    }
}
