//! JPEG files, decoded by the crate `lookalike-jpeg` at the part of their size that is enough.

use image::RgbImage;
use image::metadata::Orientation;
use lookalike_jpeg::{Error, Header, Scale};

use super::fault;
use super::size::{Size, check_memory};
use crate::decode_scale::DecodeScale;
use crate::decoded::Decoded;
use crate::error::ImageError;
use crate::format::ImageFormat;

/// Reads size and memory from the header.
pub(super) fn size(bytes: &[u8]) -> Result<Size, ImageError> {
    checked(&Header::read(bytes).map_err(refused)?)
}

/// Returns size and memory of an image, checked against the limits. The memory is that of a decode
/// at full size.
fn checked(header: &Header<'_>) -> Result<Size, ImageError> {
    let (width, height) = header.size();
    let memory = header.memory(Scale::Whole);
    check_memory(ImageFormat::Jpeg, width, height, memory)?;
    header.check_length().map_err(refused)?;
    Ok(Size {
        width,
        height,
        memory,
    })
}

/// Decodes gray, YCbCr, RGB, CMYK and YCCK. `scale` is the same as for [`super::decode`].
pub(super) fn decode(
    bytes: &[u8],
    scale: &dyn Fn(u32, u32) -> DecodeScale,
) -> Result<Decoded, ImageError> {
    let header = Header::read(bytes).map_err(refused)?;
    let Size { width, height, .. } = checked(&header)?;
    let requested = scale(width, height);
    let scale = match requested.eighths() {
        1 => Scale::Eighth,
        2 => Scale::Quarter,
        4 => Scale::Half,
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
        scale: requested,
        offset: (0.0, 0.0),
        visible: None,
        requested: Some(requested),
    })
}

fn corrupt(reason: &str) -> ImageError {
    fault::corrupt(ImageFormat::Jpeg, reason.to_owned())
}

fn refused(error: Error) -> ImageError {
    match error {
        Error::Corrupt(reason) => corrupt(&reason),
        Error::Unsupported(found) => ImageError::UnsupportedFormat { found },
    }
}
