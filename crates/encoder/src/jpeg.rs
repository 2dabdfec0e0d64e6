//! JPEG files, by crate `lookalike-jpeg`, at the part of their size that is enough.

use image::RgbImage;
use image::metadata::Orientation;
use lookalike_jpeg::{Error, Header, Scale};

use crate::decode::{Decoded, check_size};
use crate::geometry::Reading;
use crate::{PictureError, PictureFormat};

/// Width, height and the bytes that a pixel takes at the most demanding moment, by the header.
pub(crate) fn inspect(bytes: &[u8]) -> Result<(u32, u32, u64), PictureError> {
    let header = Header::read(bytes).map_err(refused)?;
    let (width, height) = header.size();
    Ok((width, height, pixel_bytes(&header)))
}

/// Decodes gray, YCbCr, RGB, CMYK and YCCK. `reading` is that of [`crate::decode::decode`].
pub(crate) fn decode(
    bytes: &[u8],
    reading: &dyn Fn(u32, u32) -> Reading,
) -> Result<Decoded, PictureError> {
    let header = Header::read(bytes).map_err(refused)?;
    let (width, height) = header.size();
    check_size(PictureFormat::Jpeg, width, height, pixel_bytes(&header))?;
    let asked = reading(width, height);
    let scale = match asked {
        Reading::Eighths(1) => Scale::Eighth,
        Reading::Eighths(2) => Scale::Quarter,
        Reading::Eighths(4) => Scale::Half,
        _ => Scale::Whole,
    };
    // Unreadable metadata does not make an image unreadable.
    let orientation = header.exif().and_then(Orientation::from_exif_chunk);
    let image = header.decode(scale).map_err(refused)?;
    let pixels = RgbImage::from_raw(image.width, image.height, image.pixels);
    Ok(Decoded {
        pixels: pixels.ok_or_else(|| corrupt("rows are missing"))?,
        orientation: orientation.unwrap_or(Orientation::NoTransforms),
        width,
        height,
        eighths: scale.eighths(),
        offset: (0.0, 0.0),
        visible: None,
        asked: Some(asked),
    })
}

/// What a pixel of the whole image takes at the most demanding moment, rounded up.
fn pixel_bytes(header: &Header<'_>) -> u64 {
    let (width, height) = header.size();
    let pixels = u64::from(width) * u64::from(height);
    header.memory(Scale::Whole).div_ceil(pixels.max(1))
}

fn corrupt(reason: &str) -> PictureError {
    PictureError::Corrupt {
        format: PictureFormat::Jpeg,
        reason: reason.to_owned(),
    }
}

fn refused(error: Error) -> PictureError {
    match error {
        Error::Corrupt(reason) => corrupt(&reason),
        Error::Unsupported(found) => PictureError::UnsupportedFormat { found },
    }
}
