//! Areas of drawn scenes, and what the network sees of them.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, imageops};
use jpeg_encoder::{ColorType, SamplingFactor};
use lookalike_encoder::Area;

use super::{ENCODER, cosine, golden};

pub fn crop(text: &str) -> Area {
    Area {
        crop: Some(text.parse().unwrap()),
        trim: Some(false),
    }
}

pub const TRIMMED: Area = Area {
    crop: None,
    trim: Some(true),
};

pub fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image.into().write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
}

pub fn jpeg(image: &RgbImage, quality: u8) -> Vec<u8> {
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
pub fn scene(width: u32, height: u32) -> RgbImage {
    let small = image::load_from_memory(&golden("baseline-640x480.jpg")).unwrap();
    imageops::resize(
        &small.into_rgb8(),
        width,
        height,
        imageops::FilterType::CatmullRom,
    )
}

/// Draws the scene with a pattern along its sides: no part of it is mistaken for a margin.
pub fn edged(width: u32, height: u32) -> RgbImage {
    let mut image = scene(width, height);
    for (x, y, pixel) in image.enumerate_pixels_mut() {
        if x < 6 || y < 6 || x >= width - 6 || y >= height - 6 {
            *pixel = Rgb([((x / 3 + y / 3) % 2 * 160 + 40) as u8; 3]);
        }
    }
    image
}

pub fn part(image: &RgbImage, [x, y, w, h]: [u32; 4]) -> RgbImage {
    imageops::crop_imm(image, x, y, w, h).to_image()
}

/// Draws the scene in the middle of a sheet of one color, with this much of it around.
pub fn on_a_sheet(scene: &RgbImage, across: u32, down: u32, color: [u8; 3]) -> RgbImage {
    let (width, height) = scene.dimensions();
    let mut sheet = RgbImage::from_pixel(width + 2 * across, height + 2 * down, Rgb(color));
    imageops::replace(&mut sheet, scene, across.into(), down.into());
    sheet
}

/// Returns what the network sees of the whole image.
pub fn all_of(file: &[u8]) -> Vec<f32> {
    ENCODER.preprocess_area(file, &Area::WHOLE).unwrap()
}

pub fn alike(file: &[u8], area: &Area, other: &[u8]) -> f64 {
    let found = ENCODER.embed_area(file, area).unwrap();
    cosine(&found, &ENCODER.embed_area(other, &Area::WHOLE).unwrap())
}
