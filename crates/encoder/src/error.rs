use crate::{MAX_SIDE, SUPPORTED_FORMATS};

/// Why a picture has no embedding. The picture is at fault and trying again does not help,
/// [`PictureError::Network`] apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// There are no bytes at all.
    #[error(
        "the picture is empty: expected the bytes of a {}, found 0 bytes",
        formats()
    )]
    Empty,
    /// The file is larger than [`crate::MAX_BYTES`].
    #[error("the picture has {bytes} bytes, at most {limit} are read; send a smaller one")]
    TooManyBytes {
        /// Size of the file in bytes.
        bytes: usize,
        /// The most that is read.
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
        /// The most pixels that are decoded.
        limit: u64,
    },
    /// The bytes begin like something that is not decoded here.
    #[error("{found} is not supported; convert it to {} first", formats())]
    UnsupportedFormat {
        /// What the bytes look like, for a person: a name that begins a sentence.
        found: String,
    },
    /// The bytes begin like a picture and do not go on like one.
    #[error("the {format} is damaged or cut off: {reason}; send an intact one")]
    Corrupt {
        /// The format that the first bytes promise.
        format: crate::PictureFormat,
        /// What the decoder stumbled over.
        reason: String,
    },
    /// The box that was to be cut out of the picture does not lie in it.
    #[error(
        "the crop {crop} {fault}, which has {width}x{height} pixels when it is upright; choose one inside of it"
    )]
    Crop {
        /// The box, as [`crate::Crop`] is written.
        crop: String,
        /// What is wrong with it.
        fault: &'static str,
        /// Width of the upright picture in pixels.
        width: u32,
        /// Height of the upright picture in pixels.
        height: u32,
    },
    /// The network gave nothing usable for this picture.
    #[error("the network failed on this picture: {0}")]
    Network(String),
}

impl PictureError {
    /// A stable word for programs: `empty`, `too-many-bytes`, `too-many-pixels`,
    /// `unsupported-format`, `corrupt`, `crop` or `network`.
    pub fn code(&self) -> &'static str {
        match self {
            PictureError::Empty => "empty",
            PictureError::TooManyBytes { .. } => "too-many-bytes",
            PictureError::TooManyPixels { .. } => "too-many-pixels",
            PictureError::UnsupportedFormat { .. } => "unsupported-format",
            PictureError::Corrupt { .. } => "corrupt",
            PictureError::Crop { .. } => "crop",
            PictureError::Network(_) => "network",
        }
    }
}

/// The supported formats as a person lists them: `JPEG, PNG or GIF`.
fn formats() -> String {
    let (last, others) = SUPPORTED_FORMATS.split_last().unwrap_or((&"", &[]));
    format!("{} or {last}", others.join(", "))
}
