use super::unsupported;
use crate::error::ImageError;
use crate::format::{ImageFormat, sniff};
use crate::limits::MAX_BYTES;

/// Returns the format of a file that is neither empty nor too large.
pub(super) fn checked_format(bytes: &[u8]) -> Result<ImageFormat, ImageError> {
    if bytes.is_empty() {
        return Err(ImageError::Empty);
    }
    if bytes.len() > MAX_BYTES {
        return Err(ImageError::TooManyBytes {
            bytes: bytes.len(),
            limit: MAX_BYTES,
        });
    }
    sniff(bytes).ok_or_else(|| ImageError::UnsupportedFormat {
        found: unsupported::name(bytes),
    })
}
