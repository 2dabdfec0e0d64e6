//! Images decoded at a part of their size.
#![allow(clippy::unwrap_used)]

mod common;

use std::f64::consts::PI;

use common::{Kind, PLAIN, SAMPLINGS, SCALES, decode, whole};
use jpeg_encoder::{ColorType, SamplingFactor};

fn cosine(frequency: usize, sample: usize, size: usize) -> f64 {
    let scale = if frequency == 0 { 0.5f64.sqrt() } else { 1.0 };
    scale * ((2 * sample + 1) as f64 * frequency as f64 * PI / (2 * size) as f64).cos()
}

/// Reduces a block of 8x8 samples to `size` x `size`, by the definition of the transform and its
/// inverse.
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
fn gray_blocks_agree_with_the_definition() {
    for (size, restart, progressive) in [
        ((64, 48), 0, false),
        ((61, 43), 1, false),
        ((200, 9), 3, true),
        ((8, 1), 0, true),
    ] {
        let (width, height) = size;
        let file = Kind {
            size,
            color: ColorType::Luma,
            restart,
            progressive,
            ..PLAIN
        }
        .file();
        let full = whole(&file);
        for scale in &SCALES[..3] {
            let eighths = scale.eighths() as usize;
            let small = decode(&file, *scale).unwrap();
            let side = |length: usize| (length * eighths).div_ceil(8) as u32;
            assert_eq!((small.width, small.height), (side(width), side(height)));
            // Blocks at the edge have invisible samples.
            for block in 0..width / 8 * (height / 8) {
                let (left, top) = (block % (width / 8), block / (width / 8));
                let sample =
                    |x, y| f64::from(full.pixels[3 * ((8 * top + y) * width + 8 * left + x)]);
                let expected = reduced(sample, eighths);
                for place in 0..eighths * eighths {
                    let (x, y) = (place % eighths, place / eighths);
                    let (across, down) = (left * eighths + x, top * eighths + y);
                    let found = &small.pixels[3 * (down * small.width as usize + across)..][..3];
                    let difference = (f64::from(found[0]) - expected(x, y)).abs();
                    assert!(difference <= 1.2, "{found:?} for {}", expected(x, y));
                    assert_eq!(found, [found[0]; 3]);
                }
            }
        }
    }
}

/// Returns the mean difference between a reduced image and the means of the whole one's pixels.
fn from_means(file: &[u8], scale: lookalike_jpeg::Scale) -> f64 {
    let (full, small) = (whole(file), decode(file, scale).unwrap());
    let side = 8 / scale.eighths() as usize;
    let (width, columns) = (full.width as usize, small.width as usize);
    let mut sum = 0.0;
    for (place, found) in small.pixels.iter().enumerate() {
        let (pixel, channel) = (place / 3, place % 3);
        let (x, y) = (pixel % columns * side, pixel / columns * side);
        let inside = (0..side * side).map(|at| {
            let (x, y) = (x + at % side, y + at / side);
            f64::from(full.pixels[3 * (y * width + x) + channel])
        });
        sum += (f64::from(*found) - inside.sum::<f64>() / (side * side) as f64).abs();
    }
    sum / small.pixels.len() as f64
}

#[test]
fn colors_are_the_means_of_the_whole_image() {
    for sampling in SAMPLINGS {
        for progressive in [false, true] {
            let kind = Kind {
                size: (160, 96),
                sampling,
                restart: 5,
                progressive,
                ..PLAIN
            };
            let one_by_one = Kind {
                restart: 0,
                progressive: false,
                optimized: true,
                ..kind
            };
            for kind in [kind, one_by_one] {
                let file = kind.file();
                for scale in &SCALES[..3] {
                    let mean = from_means(&file, *scale);
                    assert!(mean < 2.0, "{kind:?} at {scale:?}: {mean}");
                }
            }
        }
    }
}

/// Patterns of every period, on the whole image and on a part of it, become even gray.
#[test]
fn fine_patterns_come_out_even() {
    let checks = |period: f64| {
        move |x: usize, y: usize, _| {
            let bit = |place: usize| (place as f64 / period) as usize % 2;
            if (bit(x) + bit(y)).is_multiple_of(2) {
                68
            } else {
                188
            }
        }
    };
    for progressive in [false, true] {
        for sampling in [SamplingFactor::F_1_1, SamplingFactor::F_2_2] {
            for period in [1.0, 1.3, 1.7, 2.0] {
                let kind = Kind {
                    size: (256, 128),
                    sampling,
                    progressive,
                    restart: if progressive { 0 } else { 3 },
                    ..PLAIN
                };
                let file = kind.file_of(checks(period));
                for scale in &SCALES[..2] {
                    let small = decode(&file, *scale).unwrap();
                    // Edges have fewer pixels to average.
                    let (width, height) = (small.width as usize, small.height as usize);
                    let inner =
                        (2..height - 2).flat_map(|y| (2..width - 2).map(move |x| y * width + x));
                    let far = inner
                        .map(|at| small.pixels[3 * at].abs_diff(128))
                        .max()
                        .unwrap();
                    assert!(far <= 14, "{kind:?}, period {period} at {scale:?}: {far}");
                }
            }
        }
    }
}

/// If only some rows of blocks have patterns, the others are the same as without any.
#[test]
fn patterns_leave_the_rest_as_it_is() {
    let half = |x: usize, y: usize, channel: usize| match y {
        64..128 => 128 + ((x / 2 + y / 2) % 2 * 120) as u8,
        _ => common::wave(x, y, channel),
    };
    let kind = Kind {
        size: (128, 192),
        color: ColorType::Luma,
        ..PLAIN
    };
    let (plain, mixed) = (kind.file(), kind.file_of(half));
    for scale in &SCALES[1..3] {
        let [plain, mixed] = [&plain, &mixed].map(|file| decode(file, *scale).unwrap());
        let row = 3 * plain.width as usize;
        let rows = scale.eighths() as usize;
        assert_eq!(
            plain.pixels[..8 * rows * row],
            mixed.pixels[..8 * rows * row]
        );
        // After a pattern, one more row of blocks is averaged before it is known that it has none.
        assert_eq!(
            plain.pixels[17 * rows * row..],
            mixed.pixels[17 * rows * row..]
        );
        assert_ne!(plain, mixed);
    }
}
