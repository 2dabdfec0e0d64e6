use super::checked_format::checked_format;
use super::size::{RGB_BYTES, check_memory};
use super::{avif, bmp, gif, jpeg, png, tiff, webp};
use crate::error::ImageError;
use crate::format::ImageFormat;

/// Bytes of a row of the image between the two passes of downscaling, which is as wide as the
/// network's input.
const NARROW_ROW: u64 = 3 * 256;

/// Bytes that decoding and embedding take independently of the size of the image.
const BASE_MEMORY: u64 = 8 << 20;

/// Format and size of an image file according to its header, and the memory that decoding takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageInfo {
    /// Format of the file, by its first bytes.
    pub format: ImageFormat,
    /// Width in pixels, as stored.
    pub width: u32,
    /// Height in pixels, as stored.
    pub height: u32,
    /// Maximum bytes of memory that decoding and embedding take at once, excluding the file itself.
    pub memory: u64,
}

impl ImageInfo {
    /// Returns the number of pixels of the whole image.
    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// Reads the header of an image file without decoding any pixels: the claimed size, and the memory
/// that [`crate::Encoder::embed`] of the built-in encoder will take. Callers reserve that memory
/// before they decode.
///
/// # Errors
/// The [`ImageError`]s of [`crate::Encoder::embed`] that the header alone shows.
pub fn inspect(bytes: &[u8]) -> Result<ImageInfo, ImageError> {
    let format = checked_format(bytes)?;
    let size = match format {
        ImageFormat::Jpeg => jpeg::size(bytes)?,
        ImageFormat::Png => png::size(bytes)?,
        ImageFormat::WebP => webp::size(bytes)?,
        ImageFormat::Gif => gif::size(bytes)?,
        ImageFormat::Bmp => bmp::size(bytes)?,
        ImageFormat::Tiff => tiff::size(bytes)?,
        ImageFormat::Avif => avif::size(bytes)?,
    };
    let (width, height) = (size.width, size.height);
    check_memory(format, width, height, size.memory)?;
    let result = u64::from(width) * u64::from(height) * RGB_BYTES;
    let narrow = u64::from(width.max(height)) * NARROW_ROW;
    Ok(ImageInfo {
        format,
        width,
        height,
        memory: size.memory.max(result + narrow) + BASE_MEMORY,
    })
}
