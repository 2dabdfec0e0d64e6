use crate::error::ImageError;
use crate::format::ImageFormat;

/// Makes the error for an image that is damaged or cut off.
pub(super) fn corrupt(format: ImageFormat, reason: String) -> ImageError {
    ImageError::Corrupt { format, reason }
}

/// Describes for a person how many of an image's rows could be read.
pub(super) fn rows_there(rows: u32, all: u32) -> String {
    match rows {
        0 => format!("none of its {all} rows is there"),
        1 => format!("only the first of its {all} rows is there"),
        _ => format!("rows 0 to {} of {all} are there", rows - 1),
    }
}
