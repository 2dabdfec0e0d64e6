//! JPEG files, by crate `lookalike-jpeg`, at the part of their size that is enough.

use image::RgbImage;
use image::metadata::Orientation;
use lookalike_jpeg::{Error, Header, Scale};

use crate::decode::{Decoded, Size, check_memory};
use crate::geometry::Reading;
use crate::{PictureError, PictureFormat};

/// What the header says.
pub(crate) fn size(bytes: &[u8]) -> Result<Size, PictureError> {
    checked(&Header::read(bytes).map_err(refused)?)
}

/// What a header says of an image that is within all limits. Decoding it at a part of its size takes less.
fn checked(header: &Header<'_>) -> Result<Size, PictureError> {
    let (width, height) = header.size();
    let memory = header.memory(Scale::Whole);
    check_memory(PictureFormat::Jpeg, width, height, memory)?;
    header.check_length().map_err(refused)?;
    Ok(Size {
        width,
        height,
        memory,
    })
}

/// Decodes gray, YCbCr, RGB, CMYK and YCCK. `reading` is that of [`crate::decode::decode`].
pub(crate) fn decode(
    bytes: &[u8],
    reading: &dyn Fn(u32, u32) -> Reading,
) -> Result<Decoded, PictureError> {
    let header = Header::read(bytes).map_err(refused)?;
    let Size { width, height, .. } = checked(&header)?;
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
