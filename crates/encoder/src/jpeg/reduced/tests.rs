#![allow(clippy::unwrap_used)]
use std::f64::consts::PI;

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use proptest::prelude::*;
use proptest::sample::Index;

use image::RgbImage;

use super::super::header::Header;
use super::{Reduced, decode_without};

/// Whatever patterns there are.
fn decode(file: &[u8], eighths: usize) -> Option<RgbImage> {
    match decode_without(file, eighths, f32::INFINITY)? {
        Reduced::Picture(picture) => Some(picture),
        Reduced::Pattern => panic!("nothing is strong"),
    }
}

fn wave(x: usize, y: usize, channel: usize) -> u8 {
    let (x, y) = (x as f64, y as f64);
    let value = (x * 0.21 + channel as f64).sin() * (y * 0.13).cos() + (x * y * 0.003).sin() / 3.0;
    (128.0 + 30.0 * value) as u8
}

pub(in crate::jpeg) fn file(
    (width, height): (usize, usize),
    kind: ColorType,
    sampling: SamplingFactor,
    restart: u16,
) -> Vec<u8> {
    let channels = if kind == ColorType::Luma { 1 } else { 3 };
    let samples = (0..width * height * channels).map(|place| {
        wave(
            place / channels % width,
            place / channels / width,
            place % channels,
        )
    });
    let samples: Vec<u8> = samples.collect();
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 92);
    encoder.set_sampling_factor(sampling);
    if restart > 0 {
        encoder.set_restart_interval(restart);
    }
    let (width, height) = (width as u16, height as u16);
    encoder.encode(&samples, width, height, kind).unwrap();
    file
}

fn cosine(frequency: usize, sample: usize, size: usize) -> f64 {
    let scale = if frequency == 0 { 0.5f64.sqrt() } else { 1.0 };
    scale * ((2 * sample + 1) as f64 * frequency as f64 * PI / (2 * size) as f64).cos()
}

/// A block of 8x8 samples at `size` x `size`, by the definition of the transform and its inverse.
fn reduced(block: impl Fn(usize, usize) -> f64, size: usize) -> impl Fn(usize, usize) -> f64 {
    let mut frequencies = [[0.0; 8]; 8];
    for (v, row) in frequencies.iter_mut().enumerate() {
        for (u, sum) in row.iter_mut().enumerate() {
            for place in 0..64 {
                let (x, y) = (place % 8, place / 8);
                *sum += block(x, y) * cosine(u, x, 8) * cosine(v, y, 8) / 4.0;
            }
        }
    }
    move |x, y| {
        let corner = (0..size * size).map(|place| (place % size, place / size));
        let waves =
            corner.map(|(u, v)| frequencies[v][u] * cosine(u, x, size) * cosine(v, y, size) / 4.0);
        waves.sum()
    }
}

#[test]
fn grey_blocks_are_what_the_definition_says() {
    for (width, height, restart) in [(64, 48, 0), (61, 43, 1), (200, 9, 3), (8, 1, 0)] {
        let file = file(
            (width, height),
            ColorType::Luma,
            SamplingFactor::F_1_1,
            restart,
        );
        let whole = jpeg_decoder::Decoder::new(&file[..]).decode().unwrap();
        for eighths in [1, 2, 4] {
            let small = decode(&file, eighths).unwrap();
            let sides = [width, height].map(|side| (side * eighths).div_ceil(8) as u32);
            assert_eq!([small.width(), small.height()], sides);
            // Blocks at the edge have samples that no one sees.
            for (left, top) in (0..width / 8 * (height / 8))
                .map(|block| (block % (width / 8), block / (width / 8)))
            {
                let sample = |x, y| f64::from(whole[(8 * top + y) * width + 8 * left + x]);
                let expected = reduced(sample, eighths);
                for place in 0..eighths * eighths {
                    let (x, y) = (place % eighths, place / eighths);
                    let (across, down) = (left * eighths + x, top * eighths + y);
                    let found = small.get_pixel(across as u32, down as u32).0;
                    let difference = (f64::from(found[0]) - expected(x, y)).abs();
                    assert!(difference <= 1.2, "{found:?} for {}", expected(x, y));
                    assert_eq!(found, [found[0]; 3]);
                }
            }
        }
    }
}

#[test]
fn colours_are_the_means_of_the_whole_picture() {
    for sampling in [
        SamplingFactor::F_1_1,
        SamplingFactor::F_2_1,
        SamplingFactor::F_1_2,
        SamplingFactor::F_2_2,
    ] {
        let file = file((160, 96), ColorType::Rgb, sampling, 5);
        let whole = jpeg_decoder::Decoder::new(&file[..]).decode().unwrap();
        for eighths in [1, 2, 4] {
            let small = decode(&file, eighths).unwrap();
            let side = 8 / eighths;
            let mut sum = 0.0;
            for (x, y, pixel) in small.enumerate_pixels() {
                for channel in 0..3 {
                    let inside = (0..side * side).map(|place| {
                        let (x, y) = (x as usize * side, y as usize * side);
                        let row = y + place / side;
                        f64::from(whole[(row * 160 + x + place % side) * 3 + channel])
                    });
                    let mean = inside.sum::<f64>() / (side * side) as f64;
                    sum += (f64::from(pixel.0[channel]) - mean).abs();
                }
            }
            let mean = sum / f64::from(3 * small.width() * small.height());
            assert!(mean < 1.5, "{sampling:?} at {eighths}/8: {mean}");
        }
    }
}

#[test]
fn strong_patterns_are_left_to_others_and_soft_shapes_are_not() {
    let checks = |contrast: usize| {
        let sample = |place: usize| 128 + ((place / 3 + place / 192) % 2 * contrast) as u8;
        let samples: Vec<u8> = (0..64 * 64).map(sample).collect();
        let mut file = Vec::new();
        let encoder = Encoder::new(&mut file, 92);
        encoder.encode(&samples, 64, 64, ColorType::Luma).unwrap();
        file
    };
    for eighths in [1, 2, 4] {
        let strong = super::decode(&checks(120), eighths).unwrap();
        assert!(matches!(strong, Reduced::Pattern));
        let weak = super::decode(&checks(3), eighths).unwrap();
        assert!(matches!(weak, Reduced::Picture(_)));
    }
}

#[test]
fn what_is_not_baseline_or_not_flawless_is_left_to_others() {
    let good = file((64, 64), ColorType::Rgb, SamplingFactor::F_2_2, 4);
    assert!(decode(&good, 2).is_some());
    for end in [0, 2, 3, 20, good.len() / 2, good.len() - 2, good.len() - 1] {
        assert!(decode(&good[..end], 2).is_none(), "cut at {end}");
    }
    // A restart marker with another number.
    let mut wrong = good.clone();
    let place = wrong.windows(2).position(|pair| pair == [0xFF, 0xD1]);
    wrong[place.unwrap() + 1] = 0xD2;
    assert!(decode(&wrong, 2).is_none());
    let mut progressive = Vec::new();
    let mut encoder = Encoder::new(&mut progressive, 80);
    encoder.set_progressive(true);
    encoder.encode(&[90; 192], 8, 8, ColorType::Rgb).unwrap();
    assert!(decode(&progressive, 2).is_none());
}

/// A file may define a table over and over; each costs more time than it has bytes.
#[test]
fn tables_without_end_are_not_set_up() {
    let good = file((64, 64), ColorType::Rgb, SamplingFactor::F_2_2, 0);
    let start = good
        .windows(2)
        .position(|pair| pair == [0xFF, 0xC4])
        .unwrap();
    let length = 2 + usize::from(u16::from_be_bytes([good[start + 2], good[start + 3]]));
    let repeated = |times: usize| {
        let (before, behind) = good.split_at(start);
        [before, &good[start..start + length].repeat(times), behind].concat()
    };
    assert!(decode(&repeated(1), 2).is_some());
    let many = repeated(1000);
    assert!(decode(&many, 2).is_none());
    // They are still what jpeg-decoder takes them for.
    assert!(jpeg_decoder::Decoder::new(&many[..]).decode().is_ok());
}

/// A file with a few other bytes, anywhere or in its head.
pub(in crate::jpeg) fn damaged(sampling: SamplingFactor) -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<Index>(), any::<u8>()), 1..8);
    (changes, any::<bool>()).prop_map(move |(changes, head)| {
        let mut file = file((70, 50), ColorType::Rgb, sampling, 3);
        let length = if head {
            620.min(file.len())
        } else {
            file.len()
        };
        for (place, value) in changes {
            file[place.index(length)] = value;
        }
        file
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the bytes: no panic, and a picture has the size that the header says.
    #[test]
    fn changed_bytes(
        file in damaged(SamplingFactor::F_2_2),
        eighths in prop::sample::select(vec![1usize, 2, 4]),
    ) {
        if let Some(small) = decode(&file, eighths) {
            let header = Header::read(&mut &file[..], false).unwrap();
            let sides = [header.width, header.height].map(|side| (side * eighths).div_ceil(8) as u32);
            prop_assert_eq!([small.width(), small.height()], sides);
        }
    }
}
