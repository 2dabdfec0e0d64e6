//! Drawn images.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

/// Returns one of twelve colors.
pub(crate) fn color(number: u8) -> (u8, u8, u8) {
    let at = |shift: u8| {
        let angle = f32::from(number + shift) * std::f32::consts::TAU / 12.0;
        (140.0 + 110.0 * angle.cos()) as u8
    };
    (at(0), at(4), at(8))
}

/// Draws a disc of one color on gray.
pub(crate) fn disc(red: u8, green: u8, blue: u8) -> Vec<u8> {
    let drawn = RgbImage::from_fn(96, 96, |x, y| {
        let distance = (x as f32 - 48.0).hypot(y as f32 - 48.0);
        match distance < 40.0 {
            true => Rgb([red, green, blue]),
            false => Rgb([128, 128, 128 + (x % 3) as u8]),
        }
    });
    let mut bytes = Cursor::new(Vec::new());
    drawn.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Draws stripes of one color on white.
pub(crate) fn stripes(red: u8, green: u8, blue: u8) -> Vec<u8> {
    encode(red, green, blue, ImageFormat::Png)
}

/// Returns the striped image in this format.
pub(crate) fn encode(red: u8, green: u8, blue: u8, format: ImageFormat) -> Vec<u8> {
    let drawn = RgbImage::from_fn(64, 48, |x, y| match (x + y) / 8 % 2 {
        0 => Rgb([red, green, blue]),
        _ => Rgb([255, 255, 255]),
    });
    let mut bytes = Cursor::new(Vec::new());
    drawn.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}
