use image::DynamicImage;
use image::codecs::jpeg::JpegEncoder;

use crate::decode;
use crate::decode_scale::DecodeScale;
use crate::error::ImageError;

/// JPEG quality, up to 100: small files in which a person still recognizes the image.
const QUALITY: u8 = 72;

/// Returns a small JPEG of an image file for pages and reports: upright, on white, with `side`
/// pixels on its longer side. It reads all formats of the encoder, so an image that has an
/// embedding has a thumbnail.
///
/// # Errors
/// [`ImageError`] describes the fault of the image.
pub fn thumbnail(image: &[u8], side: u32) -> Result<Vec<u8>, ImageError> {
    let side = side.max(1);
    let reduction = |width: u32, height: u32| f64::from(width.max(height)) / f64::from(side);
    let scale = |width, height| DecodeScale::for_reduction(reduction(width, height));
    let decoded = decode::decode(image, &scale)?;
    // From the sides in the file, because those of a reduced decode are rounded.
    let factor = reduction(decoded.width, decoded.height);
    let scaled = |length: u32| ((f64::from(length) / factor).round() as u32).max(1);
    let (width, height) = (scaled(decoded.width), scaled(decoded.height));
    let mut small = DynamicImage::ImageRgb8(decoded.pixels).thumbnail_exact(width, height);
    small.apply_orientation(decoded.orientation);
    let mut jpeg = Vec::new();
    small
        .into_rgb8()
        .write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, QUALITY))
        .map_err(|error| ImageError::Inference(format!("no thumbnail: {error}")))?;
    Ok(jpeg)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Cursor;

    use image::{ImageFormat, Rgba, RgbaImage};

    use super::*;

    #[test]
    fn it_is_small_on_white_and_keeps_the_proportions() {
        let mut image = RgbaImage::from_pixel(400, 200, Rgba([0, 0, 0, 0]));
        for (x, _, pixel) in image.enumerate_pixels_mut() {
            if x < 200 {
                *pixel = Rgba([200, 20, 20, 255]);
            }
        }
        let mut png = Vec::new();
        image
            .write_to(&mut Cursor::new(&mut png), ImageFormat::Png)
            .unwrap();
        let jpeg = thumbnail(&png, 100).unwrap();
        let small = image::load_from_memory_with_format(&jpeg, ImageFormat::Jpeg).unwrap();
        let small = small.into_rgb8();
        assert_eq!(small.dimensions(), (100, 50));
        assert!(small.get_pixel(20, 25).0[0] > 180 && small.get_pixel(20, 25).0[1] < 60);
        assert!(small.get_pixel(80, 25).0.iter().all(|&value| value > 240));
        assert_eq!(thumbnail(b"", 100), Err(ImageError::Empty));
    }
}
