//! Image files made by the tests.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage, Rgba, RgbaImage};

/// Draws an image with colors and opacity that change from pixel to pixel.
pub fn scene(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, y| {
        Rgba([
            (x / 5) as u8,
            (y / 3) as u8,
            (x ^ y) as u8,
            (x + y) as u8 | 15,
        ])
    })
}

/// Encodes an image in a format.
pub fn written(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Vec::new();
    image.write_to(&mut Cursor::new(&mut file), format).unwrap();
    file
}

/// Encodes a compressed TIFF file.
pub fn tiff(image: &RgbImage) -> Vec<u8> {
    let mut file = Vec::new();
    tiff::encoder::TiffEncoder::new(Cursor::new(&mut file))
        .unwrap()
        .with_compression(tiff::encoder::Compression::Lzw)
        .write_image::<tiff::encoder::colortype::RGB8>(image.width(), image.height(), image)
        .unwrap();
    file
}

/// Makes a lossy WebP with a key frame of this size and `bytes` zeros after it, which decode to any
/// number of pixels.
pub fn webp_claiming(width: u16, height: u16, bytes: usize) -> Vec<u8> {
    let mut data = vec![0x10, 0, 0, 0x9D, 0x01, 0x2A];
    data.extend(width.to_le_bytes());
    data.extend(height.to_le_bytes());
    data.resize(data.len() + bytes, 0);
    let length = (data.len() as u32).to_le_bytes();
    [b"RIFF\0\0\0\0WEBPVP8 ", &length[..], &data].concat()
}
