use crate::format::{ImageFormat, SUPPORTED_FORMATS};
use crate::limits::MAX_SIDE;

/// The reason why an image has no embedding. The image is at fault and a retry does not help,
/// except for [`ImageError::Inference`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// The file is empty.
    #[error(
        "the image is empty: expected the bytes of a {}, found 0 bytes",
        formats()
    )]
    Empty,
    /// The file is larger than [`crate::MAX_BYTES`].
    #[error("the image has {bytes} bytes, at most {limit} are read; send a smaller one")]
    TooManyBytes {
        /// Size of the file in bytes.
        bytes: usize,
        /// Maximum bytes that are read.
        limit: usize,
    },
    /// The header claims more pixels than [`crate::MAX_PIXELS`], or a side over [`crate::MAX_SIDE`].
    #[error(
        "the picture claims {width}x{height} pixels, at most {limit} in all and {MAX_SIDE} on a \
         side are decoded; send a smaller one"
    )]
    TooManyPixels {
        /// Claimed width in pixels.
        width: u32,
        /// Claimed height in pixels.
        height: u32,
        /// Maximum pixels that are decoded.
        limit: u64,
    },
    /// The bytes begin like a format that is not supported.
    #[error("{found} is not supported; convert it to {} first", formats())]
    UnsupportedFormat {
        /// The probable kind of the bytes, for a person: a name that begins a sentence.
        found: String,
    },
    /// The bytes begin like an image but cannot be decoded.
    #[error("the {format} is damaged or cut off: {reason}; send an intact one")]
    Corrupt {
        /// The format according to the first bytes.
        format: ImageFormat,
        /// The fault that the decoder found.
        reason: String,
    },
    /// The box to cut out of the image is not inside it.
    #[error(
        "the crop {crop} {fault}, which has {width}x{height} pixels when it is upright; choose one inside of it"
    )]
    Crop {
        /// The box, written as [`crate::Crop`] prints it.
        crop: String,
        /// The fault of the box.
        fault: &'static str,
        /// Width of the upright image in pixels.
        width: u32,
        /// Height of the upright image in pixels.
        height: u32,
    },
    /// The network returned nothing usable for this image.
    #[error("the network failed on this image: {0}")]
    Inference(String),
}

impl ImageError {
    /// Returns a stable word for programs: `empty`, `too-many-bytes`, `too-many-pixels`,
    /// `unsupported-format`, `corrupt`, `crop` or `network`.
    pub fn code(&self) -> &'static str {
        match self {
            ImageError::Empty => "empty",
            ImageError::TooManyBytes { .. } => "too-many-bytes",
            ImageError::TooManyPixels { .. } => "too-many-pixels",
            ImageError::UnsupportedFormat { .. } => "unsupported-format",
            ImageError::Corrupt { .. } => "corrupt",
            ImageError::Crop { .. } => "crop",
            ImageError::Inference(_) => "network",
        }
    }
}

/// Returns the supported formats as a person lists them: `JPEG, PNG or GIF`.
fn formats() -> String {
    let (last, others) = SUPPORTED_FORMATS.split_last().unwrap_or((&"", &[]));
    format!("{} or {last}", others.join(", "))
}
