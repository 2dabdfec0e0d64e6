//! Pixels are those of another decoder, for all kinds of files.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Kind, PLAIN, SAMPLINGS, whole};
use jpeg_encoder::{ColorType, SamplingFactor};
use lookalike_jpeg::Image;

/// Decodes the same file with the crate `image`.
fn other(file: &[u8]) -> Vec<u8> {
    image::load_from_memory(file)
        .unwrap()
        .into_rgb8()
        .into_raw()
}

/// Returns the largest and mean difference of samples.
fn difference(image: &Image, other: &[u8]) -> (u8, f64) {
    assert_eq!(image.pixels.len(), other.len());
    let pairs = image.pixels.iter().zip(other);
    let largest = pairs.clone().map(|(a, b)| a.abs_diff(*b)).max().unwrap();
    let sum: f64 = pairs.map(|(a, b)| f64::from(*a) - f64::from(*b)).sum();
    (largest, sum / other.len() as f64)
}

#[test]
fn every_kind_and_size_is_decoded_as_by_others() {
    let sizes = [(1, 1), (2, 3), (8, 8), (17, 16), (70, 51), (131, 64)];
    for color in [ColorType::Rgb, ColorType::Luma] {
        // The other decoder is wrong about colors at a quarter across and a half down.
        for sampling in SAMPLINGS
            .into_iter()
            .filter(|one| *one != SamplingFactor::F_4_2)
        {
            for size in sizes {
                for (progressive, restart) in [(false, 0), (false, 3), (true, 0), (true, 2)] {
                    let kind = Kind {
                        size,
                        color,
                        sampling,
                        restart,
                        progressive,
                        optimized: false,
                    };
                    let file = kind.file();
                    let (largest, mean) = difference(&whole(&file), &other(&file));
                    // And it stretches those at a quarter differently.
                    let stretched = sampling == SamplingFactor::F_4_1;
                    let limit = if stretched { 255 } else { 5 };
                    assert!(largest <= limit, "{kind:?}: {largest}");
                    let large = size.0 * size.1 > 1000;
                    assert!(mean.abs() < 0.3 || !large, "{kind:?}: {mean}");
                }
            }
        }
    }
}

/// The same coefficients in a scan for each component.
#[test]
fn components_may_come_one_by_one() {
    for sampling in SAMPLINGS {
        for size in [(17, 16), (70, 51), (131, 64)] {
            let together = Kind {
                size,
                sampling,
                ..PLAIN
            };
            let one_by_one = Kind {
                optimized: true,
                ..together
            };
            assert_eq!(
                whole(&together.file()),
                whole(&one_by_one.file()),
                "{together:?}"
            );
        }
    }
}

/// Files of Pillow, whose progressive ones send coefficients bit by bit.
#[test]
fn files_of_libjpeg_are_decoded_as_by_others() {
    let files: [(&[u8], u8); 4] = [
        (
            include_bytes!("../../encoder/tests/golden/pictures/progressive-400x533.jpg"),
            4,
        ),
        (
            include_bytes!("../../encoder/tests/golden/pictures/baseline-422-301x203.jpg"),
            4,
        ),
        (
            include_bytes!("../../encoder/tests/golden/pictures/odd-333x257.jpg"),
            4,
        ),
        (
            include_bytes!("../../encoder/tests/golden/pictures/stored-as-rgb-200x200.jpg"),
            2,
        ),
    ];
    for (file, limit) in files {
        let (largest, mean) = difference(&whole(file), &other(file));
        assert!(largest <= limit && mean.abs() < 0.3, "{largest}, {mean}");
    }
}

#[test]
fn inks_are_decoded_as_adobe_stores_them() {
    for color in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        let kind = Kind {
            color,
            sampling: SamplingFactor::F_1_1,
            ..PLAIN
        };
        let file = kind.file();
        let image = whole(&file);
        for y in 0..kind.size.1 {
            for x in 0..kind.size.0 {
                let light = |channel| 255 - u32::from(common::wave(x, y, channel));
                let found = &image.pixels[3 * (y * kind.size.0 + x)..][..3];
                for (channel, found) in found.iter().enumerate() {
                    let expected = (light(channel) * light(3) / 255) as u8;
                    assert!(found.abs_diff(expected) <= 6, "{color:?} at {x}, {y}");
                }
            }
        }
    }
}
