use crate::error::ImageError;
use crate::format::ImageFormat;
use crate::limits::{MAX_PIXELS, MAX_SIDE};

use super::fault::corrupt;

/// Maximum memory for decoding an image, in bytes: the memory that a function of 1 GB has besides
/// an index. Plain images of [`MAX_PIXELS`] stay below; those that need more bytes for each pixel
/// reach it with fewer pixels.
pub(super) const MAX_DECODE_MEMORY: u64 = 512 * 1024 * 1024;

/// Bytes of a pixel in the result.
pub(super) const RGB_BYTES: u64 = 3;

/// Size and memory of an image that is within all limits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Maximum bytes that decoding takes at once, including the result.
    pub(super) memory: u64,
}

/// Checks that an image of this size may be decoded; `pixel_bytes` is the peak memory for each
/// pixel.
pub(super) fn check_size(
    format: ImageFormat,
    width: u32,
    height: u32,
    pixel_bytes: u64,
) -> Result<(), ImageError> {
    let limit = MAX_PIXELS.min(MAX_DECODE_MEMORY / pixel_bytes);
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        let reason = format!("the header claims {width}x{height} pixels");
        return Err(corrupt(format, reason));
    }
    if pixels > limit || width.max(height) > MAX_SIDE {
        return Err(ImageError::TooManyPixels {
            width,
            height,
            limit,
        });
    }
    Ok(())
}

/// Checks that an image may be decoded that takes `memory` bytes at the peak, including the result.
pub(super) fn check_memory(
    format: ImageFormat,
    width: u32,
    height: u32,
    memory: u64,
) -> Result<(), ImageError> {
    check_size(format, width, height, RGB_BYTES)?;
    if memory > MAX_DECODE_MEMORY {
        let pixels = u64::from(width) * u64::from(height);
        let limit = u128::from(pixels) * u128::from(MAX_DECODE_MEMORY) / u128::from(memory);
        return Err(ImageError::TooManyPixels {
            width,
            height,
            limit: limit as u64,
        });
    }
    Ok(())
}
