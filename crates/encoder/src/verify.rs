use crate::decode;
use crate::decode_scale::DecodeScale;
use crate::error::ImageError;

/// Decodes an image file to its end and drops the pixels, so that a program which stores images can
/// refuse those that the indexer would refuse. [`crate::inspect`] returns the format, and a bound of
/// the memory that this takes.
///
/// # Errors
/// [`ImageError`] describes the fault of the image, as [`crate::Encoder::embed`] would.
pub fn verify(image: &[u8]) -> Result<(), ImageError> {
    // Every block of a JPEG is read at any scale; the smallest takes the least time.
    let smallest = DecodeScale::for_reduction(f64::INFINITY);
    decode::decode(image, &|_, _| smallest).map(drop)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Cursor;

    use image::{ImageFormat, RgbImage};

    use super::*;

    fn jpeg() -> Vec<u8> {
        let image = RgbImage::from_fn(320, 200, |x, y| {
            image::Rgb([(x * 7) as u8, (y * 5) as u8, (x * y) as u8])
        });
        let mut jpeg = Vec::new();
        image
            .write_to(&mut Cursor::new(&mut jpeg), ImageFormat::Jpeg)
            .unwrap();
        jpeg
    }

    #[test]
    fn a_file_without_its_last_blocks_is_refused() {
        let jpeg = jpeg();
        assert_eq!(verify(&jpeg), Ok(()));
        for length in [jpeg.len() / 3, jpeg.len() * 9 / 10] {
            let error = verify(&jpeg[..length]).unwrap_err();
            assert_eq!(error.code(), "corrupt");
        }
        let error = verify(b"<!doctype html><p>not found").unwrap_err();
        assert_eq!(error.code(), "unsupported-format");
    }
}
