//! The memory of embedding a large JPEG, measured in a process of its own.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::process::Command;

use common::{ENCODER, golden};
use image::{Rgb, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// Names the image that [`in_a_process_of_its_own`] embeds.
const IMAGE: &str = "LOOKALIKE_TEST_PICTURE";
/// Maximum memory that a 12-megapixel image may add to the process, in KiB.
const LIMIT: u64 = 80 * 1024;

/// Reads a field of `/proc/self/status`, in KiB.
fn memory(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn in_a_process_of_its_own() {
    let Some(path) = std::env::var_os(IMAGE) else {
        return;
    };
    ENCODER.embed(&golden("baseline-640x480.jpg")).unwrap();
    let before = memory("VmRSS:");
    let image = std::fs::read(path).unwrap();
    ENCODER.embed(&image).unwrap();
    println!("grew by {} KiB", memory("VmHWM:") - before);
}

/// Returns the memory that embedding this image adds to a process, in KiB.
fn growth(name: &str, image: &[u8]) -> u64 {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, image).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "in_a_process_of_its_own", "--nocapture"])
        .env(IMAGE, &path)
        .output()
        .unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let (_, grown) = output.split_once("grew by ").unwrap();
    let grown = grown.split_whitespace().next().unwrap().parse().unwrap();
    println!("{name}: {} bytes, {grown} KiB", image.len());
    grown
}

fn jpeg(image: &RgbImage, progressive: bool) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 90);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.set_progressive(progressive);
    let (width, height) = (image.width() as u16, image.height() as u16);
    encoder
        .encode(image, width, height, ColorType::Rgb)
        .unwrap();
    file
}

#[test]
fn twelve_megapixels_are_embedded_in_80_megabytes() {
    let smooth = RgbImage::from_fn(4000, 3000, |x, y| {
        Rgb([(x / 16) as u8, (y / 12) as u8, ((x + y) / 28) as u8])
    });
    // All blocks of a fine checkerboard have high contrast, so every pixel is decoded.
    let checks = RgbImage::from_fn(4000, 3000, |x, y| {
        Rgb([((x / 3 + y / 3) % 2 * 200) as u8; 3])
    });
    for (name, image) in [("smooth.jpg", &smooth), ("checks.jpg", &checks)] {
        let grown = growth(name, &jpeg(image, false));
        assert!(grown <= LIMIT, "{name}: {grown} KiB");
    }
    // Coefficients, two bytes each, are kept until the last scan, in addition to 36 MB of pixels.
    let grown = growth("progressive.jpg", &jpeg(&smooth, true));
    assert!(grown <= 2 * LIMIT, "progressive.jpg: {grown} KiB");
}
