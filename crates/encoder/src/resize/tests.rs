use super::*;
use crate::preprocessing::tests::sample;
use crate::preprocessing::{Filter, Resize};
use image::Rgb;

fn image(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let wave = (f64::from(x) * 0.31).sin() * (f64::from(y) * 0.17).cos();
        Rgb([
            (wave * 120.0 + 128.0) as u8,
            (x * 255 / width) as u8,
            (y * 255 / height) as u8,
        ])
    })
}

fn config(resize: Resize, side: u32, filter: Filter) -> Preprocessing {
    Preprocessing {
        resize,
        filter,
        width: side,
        height: side,
        ..sample()
    }
}

fn largest_difference(left: &RgbImage, right: &RgbImage) -> u8 {
    assert_eq!(left.dimensions(), right.dimensions());
    left.iter()
        .zip(right.iter())
        .map(|(a, b)| a.abs_diff(*b))
        .max()
        .unwrap_or(0)
}

fn see(
    image: &RgbImage,
    orientation: Orientation,
    preprocessing: &Preprocessing,
    augmentation: &Augmentation,
) -> Result<RgbImage, String> {
    to_network_size(
        &Decoded::whole(image.clone(), orientation),
        preprocessing,
        augmentation,
    )
}

#[test]
fn resizing_the_surviving_part_equals_cropping_afterwards() {
    let source = image(301, 457);
    for filter in [
        Filter::Bicubic,
        Filter::Bilinear,
        Filter::Lanczos,
        Filter::Box,
        Filter::Hamming,
    ] {
        let part = config(Resize::ShortestEdge(64), 48, filter);
        let part = see(
            &source,
            Orientation::NoTransforms,
            &part,
            &Augmentation::NONE,
        );
        let whole = Preprocessing {
            resize: Resize::Exact {
                width: 64,
                height: 97,
            },
            filter,
            width: 64,
            height: 97,
            ..sample()
        };
        let whole = see(
            &source,
            Orientation::NoTransforms,
            &whole,
            &Augmentation::NONE,
        );
        let whole = whole.expect("resized");
        let cropped = imageops::crop_imm(&whole, 8, 24, 48, 48).to_image();
        let part = part.expect("resized");
        assert!(largest_difference(&part, &cropped) <= 1, "{filter:?}");
    }
}

#[test]
fn turning_before_or_after_resizing_is_the_same() {
    let source = image(123, 211);
    let preprocessing = config(Resize::ShortestEdge(40), 33, Filter::Bicubic);
    for orientation in (1..=8).filter_map(Orientation::from_exif) {
        let after =
            see(&source, orientation, &preprocessing, &Augmentation::NONE).expect("resized");
        let mut turned = DynamicImage::ImageRgb8(source.clone());
        turned.apply_orientation(orientation);
        let before = see(
            &turned.into_rgb8(),
            Orientation::NoTransforms,
            &preprocessing,
            &Augmentation::NONE,
        );
        let before = before.expect("resized");
        // The two passes are swapped, and they round.
        assert!(largest_difference(&before, &after) <= 2, "{orientation:?}");
    }
}

#[test]
fn padding_is_black_and_nearest_takes_pixels_as_they_are() {
    let white = RgbImage::from_pixel(2, 4, Rgb([255; 3]));
    let padded = config(Resize::Keep, 4, Filter::Nearest);
    let padded = see(
        &white,
        Orientation::NoTransforms,
        &padded,
        &Augmentation::NONE,
    )
    .expect("padded");
    assert_eq!(padded.get_pixel(0, 0).0, [0; 3]);
    assert_eq!(padded.get_pixel(1, 3).0, [255; 3]);
    assert_eq!(padded.get_pixel(3, 0).0, [0; 3]);
    let source = image(8, 8);
    let nearest = config(
        Resize::Exact {
            width: 4,
            height: 4,
        },
        4,
        Filter::Nearest,
    );
    let small = see(
        &source,
        Orientation::NoTransforms,
        &nearest,
        &Augmentation::NONE,
    );
    assert_eq!(
        small.expect("resized").get_pixel(1, 2),
        source.get_pixel(3, 5)
    );
}

#[test]
fn a_flip_is_the_mirror_image_and_a_crop_is_a_part() {
    let source = image(120, 90);
    let preprocessing = config(Resize::ShortestEdge(60), 60, Filter::Bilinear);
    let seen = |augmentation: &Augmentation| {
        see(&source, Orientation::Rotate90, &preprocessing, augmentation).expect("resized")
    };
    let plain = seen(&Augmentation::NONE);
    assert_eq!(
        imageops::flip_horizontal(&plain),
        seen(&Augmentation::NONE.flip())
    );
    // A quarter of the region, upper left: twice as large, so it agrees with the plain one
    // enlarged.
    let close = seen(&Augmentation::NONE.crop(0.5, -1.0, -1.0));
    let enlarged = imageops::resize(
        &imageops::crop_imm(&plain, 0, 0, 30, 30).to_image(),
        60,
        60,
        imageops::FilterType::Triangle,
    );
    let difference: f64 = close
        .iter()
        .zip(enlarged.iter())
        .map(|(a, b)| f64::from(a.abs_diff(*b)))
        .sum();
    assert!(difference / (60.0 * 60.0 * 3.0) < 6.0, "{difference}");
}
