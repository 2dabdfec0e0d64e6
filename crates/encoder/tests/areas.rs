//! The embedding of a part of an image equals that of an image of that part.
#![allow(clippy::unwrap_used)]

mod common;

use common::area::*;
use common::{ENCODER, golden};
use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};
use lookalike_encoder::Area;
use proptest::prelude::*;

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
fn a_box_outside_gets_an_error_with_the_size_of_the_upright_image() {
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

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

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
