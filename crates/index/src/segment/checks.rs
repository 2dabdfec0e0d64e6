//! Checks of stored bytes, and their errors.

use twox_hash::XxHash3_64;

use crate::error::IndexError;

/// Name of the object in errors.
pub(super) const OBJECT: &str = "segment";

/// Compares a recorded checksum with that of the bytes.
pub(super) fn check(expected: u64, bytes: &[u8]) -> Result<(), IndexError> {
    let found = XxHash3_64::oneshot(bytes);
    if found == expected {
        return Ok(());
    }
    Err(IndexError::Checksum {
        object: OBJECT,
        expected: format!("{expected:016x}"),
        found: format!("{found:016x}"),
    })
}

/// Makes the error of a segment that contradicts itself.
pub(super) fn malformed(reason: impl Into<String>) -> IndexError {
    IndexError::Malformed {
        object: OBJECT,
        reason: reason.into(),
    }
}

/// Compares a recorded length with the actual one.
pub(super) fn check_length(expected: u64, found: usize) -> Result<(), IndexError> {
    if expected == found as u64 {
        return Ok(());
    }
    Err(IndexError::Length {
        object: OBJECT,
        expected,
        found: found as u64,
    })
}
