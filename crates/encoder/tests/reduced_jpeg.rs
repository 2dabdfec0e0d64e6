//! Large JPEGs are decoded at a part of their size; the network's output stays the same.
//!
//! The reference is the same pixels as PNG, which is always decoded whole. Images are drawn here;
//! if LOOKALIKE_DATASET is set, enlarged photos from that folder are added.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::Cursor;
use std::path::{Path, PathBuf};

use common::{ENCODER, cosine};
use image::{ImageFormat, RgbImage, imageops};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use lookalike_encoder::thumbnail;

const MIN_COSINE: f64 = 0.995;
/// The same for fine patterns: an even surface with stripes has little else that the encoder could go by.
const MIN_COSINE_OF_PATTERNS: f64 = 0.99;

/// The way a JPEG is written; `orientation` as EXIF numbers it.
#[derive(Debug, Clone, Copy)]
struct Kind {
    sampling: SamplingFactor,
    quality: u8,
    progressive: bool,
    restart: u16,
    gray: bool,
    orientation: u8,
}

const PLAIN: Kind = Kind {
    sampling: SamplingFactor::F_2_2,
    quality: 90,
    progressive: false,
    restart: 0,
    gray: false,
    orientation: 1,
};

fn jpeg(image: &RgbImage, kind: Kind) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, kind.quality);
    encoder.set_sampling_factor(kind.sampling);
    encoder.set_progressive(kind.progressive);
    if kind.restart > 0 {
        encoder.set_restart_interval(kind.restart);
    }
    // A TIFF header and a directory with one entry: orientation, of type short.
    let mut exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([kind.orientation, 0, 0, 0, 0, 0, 0]);
    encoder.add_exif_metadata(&exif).unwrap();
    let (width, height) = (image.width() as u16, image.height() as u16);
    if kind.gray {
        let gray = image::DynamicImage::ImageRgb8(image.clone()).into_luma8();
        encoder
            .encode(&gray, width, height, ColorType::Luma)
            .unwrap();
    } else {
        encoder
            .encode(image, width, height, ColorType::Rgb)
            .unwrap();
    }
    file
}

/// Returns the whole image, upright, as PNG.
fn whole(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut image = image::load_from_memory(jpeg).unwrap();
    image.apply_orientation(image::metadata::Orientation::from_exif(orientation).unwrap());
    let mut png = Cursor::new(Vec::new());
    image.write_to(&mut png, ImageFormat::Png).unwrap();
    png.into_inner()
}

/// Maximum difference in the network's input between decoders that read all of an image: three
/// steps of 256, of values between -1 and 1.
const ROUNDING: f32 = 3.5 / 128.0;

/// Returns the largest difference in the network's input.
fn difference(one: &[u8], other: &[u8]) -> f32 {
    let [one, other] = [one, other].map(|file| ENCODER.preprocess(file).unwrap());
    let pairs = one.iter().zip(&other);
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Returns the cosine between the embeddings of a JPEG and of all its pixels.
fn compare(jpeg: &[u8], orientation: u8) -> f64 {
    let png = whole(jpeg, orientation);
    cosine(&ENCODER.embed(jpeg).unwrap(), &ENCODER.embed(&png).unwrap())
}

/// Draws soft shapes on a ground of slowly changing light, like a product in front of a wall.
fn scene(width: u32, height: u32) -> RgbImage {
    let golden = common::golden("baseline-640x480.jpg");
    let small = image::load_from_memory(&golden).unwrap().into_rgb8();
    imageops::resize(&small, width, height, imageops::FilterType::CatmullRom)
}

/// Draws `value(x, y)` from -1 to 1 as gray of a contrast, over the scene.
fn textured(base: &RgbImage, contrast: f64, value: impl Fn(f64, f64) -> f64) -> RgbImage {
    let mut image = base.clone();
    for (x, y, pixel) in image.enumerate_pixels_mut() {
        let step = contrast * value(f64::from(x), f64::from(y));
        pixel.0 = pixel.0.map(|channel| (f64::from(channel) + step) as u8);
    }
    image
}

fn parity(number: f64) -> f64 {
    if number.rem_euclid(2.0) < 1.0 {
        -1.0
    } else {
        1.0
    }
}

#[test]
fn every_kind_of_file_looks_like_its_whole_image() {
    let sizes = [
        (1203, 1601),
        (1601, 1203),
        (1999, 1801),
        (3601, 897),
        (2003, 3007),
    ];
    for (number, (width, height)) in sizes.into_iter().enumerate() {
        let image = scene(width, height);
        let kinds = [
            PLAIN,
            Kind {
                sampling: SamplingFactor::F_1_1,
                ..PLAIN
            },
            Kind {
                sampling: SamplingFactor::F_2_1,
                quality: 75,
                ..PLAIN
            },
            Kind {
                sampling: SamplingFactor::F_1_2,
                restart: 7,
                ..PLAIN
            },
            Kind {
                sampling: SamplingFactor::F_4_1,
                ..PLAIN
            },
            Kind {
                progressive: true,
                ..PLAIN
            },
            Kind {
                gray: true,
                restart: 1,
                ..PLAIN
            },
            Kind {
                orientation: 2 + number as u8,
                ..PLAIN
            },
            Kind {
                orientation: 8 - number as u8,
                quality: 60,
                ..PLAIN
            },
        ];
        for kind in kinds {
            let cosine = compare(&jpeg(&image, kind), kind.orientation);
            assert!(cosine >= MIN_COSINE, "{width}x{height} {kind:?}: {cosine}");
        }
    }
}

#[test]
fn small_images_are_read_whole() {
    for (width, height) in [(895, 895), (895, 3000), (400, 533)] {
        let file = jpeg(&scene(width, height), PLAIN);
        let png = whole(&file, 1);
        let difference = difference(&file, &png);
        assert!(difference <= ROUNDING, "{width}x{height}: {difference}");
    }
}

#[test]
fn fine_patterns_do_not_turn_into_others() {
    for (width, height) in [(1001, 1203), (1807, 1799)] {
        let scene = scene(width, height);
        let gray = RgbImage::from_pixel(width, height, image::Rgb([128; 3]));
        let center = f64::from(width / 2);
        let mut state = 1u32;
        let noise = RgbImage::from_fn(width, height, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            image::Rgb([24, 16, 8].map(|shift| (state >> shift) as u8))
        });
        let mut images = vec![
            ("noise", noise),
            (
                "rings",
                textured(&gray, 120.0, |x, y| {
                    (((x - center).powi(2) + (y - center).powi(2)) * 1.6 / f64::from(width)).cos()
                }),
            ),
        ];
        for period in [2.0, 3.0, 5.0, 9.0] {
            let stripes = |x: f64, _: f64| parity(x / period);
            let checks = |x: f64, y: f64| parity((x / period).floor() + (y / period).floor());
            images.push(("stripes", textured(&gray, 120.0, stripes)));
            images.push(("checks", textured(&gray, 120.0, checks)));
            images.push(("a striped scene", textured(&scene, 60.0, stripes)));
            images.push(("a chequered scene", textured(&scene, 30.0, checks)));
            images.push(("a faintly striped scene", textured(&scene, 8.0, stripes)));
        }
        // Letters are lines a few pixels wide.
        let text = |x: f64, y: f64| {
            let inside = y.rem_euclid(24.0) < 13.0 && (x * 7.0 + y * 3.0).rem_euclid(61.0) < 17.0;
            if inside { -1.0 } else { 1.0 }
        };
        images.push(("letters", textured(&gray, 110.0, text)));
        let lines = |x: f64, y: f64| {
            if (x + 2.0 * y).rem_euclid(97.0) < 2.0 {
                -1.0
            } else {
                0.0
            }
        };
        images.push(("lines", textured(&scene, 100.0, lines)));
        for (name, image) in images {
            for sampling in [SamplingFactor::F_1_1, SamplingFactor::F_2_2] {
                let kind = Kind { sampling, ..PLAIN };
                let cosine = compare(&jpeg(&image, kind), 1);
                assert!(
                    cosine >= MIN_COSINE_OF_PATTERNS,
                    "{name} at {width}x{height}, {kind:?}: {cosine}"
                );
            }
        }
    }
}

#[test]
fn thumbnails_keep_the_proportions_of_the_file() {
    let small = thumbnail(&jpeg(&scene(3601, 1207), PLAIN), 200).unwrap();
    let small = image::load_from_memory(&small).unwrap();
    assert_eq!((small.width(), small.height()), (200, 67));
}

#[test]
fn enlarged_photos_look_like_their_whole_images() {
    // `make` passes an empty name if there is none.
    let folder = std::env::var_os("LOOKALIKE_DATASET").filter(|folder| !folder.is_empty());
    let Some(folder) = folder else {
        return;
    };
    let mut photos = Vec::new();
    collect(Path::new(&folder), &mut photos);
    photos.sort();
    assert!(!photos.is_empty(), "no JPEG in {folder:?}");
    let step = photos.len().div_ceil(24);
    let mut cosines = Vec::new();
    for (number, path) in photos.iter().step_by(step).enumerate() {
        let photo = image::open(path).unwrap().into_rgb8();
        let side = [4000, 1400, 2600, 1900][number % 4];
        let factor = f64::from(side) / f64::from(photo.width().max(photo.height()));
        let scaled = |length: u32| (f64::from(length) * factor).round() as u32;
        let (width, height) = (scaled(photo.width()), scaled(photo.height()));
        let filter = imageops::FilterType::CatmullRom;
        let photo = imageops::resize(&photo, width, height, filter);
        let orientation = 1 + (number % 8) as u8;
        let quality = [75, 85, 92][number % 3];
        let kind = Kind {
            orientation,
            quality,
            ..PLAIN
        };
        let cosine = compare(&jpeg(&photo, kind), orientation);
        assert!(cosine >= MIN_COSINE, "{}: {cosine}", path.display());
        cosines.push(cosine);
    }
    cosines.sort_by(f64::total_cmp);
    println!("{} photos, least cosine {}", cosines.len(), cosines[0]);
}

fn collect(folder: &Path, photos: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, photos);
        } else if path.extension().is_some_and(|ending| ending == "jpg") {
            photos.push(path);
        }
    }
}
