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
    #[error("expected a {}, found {found}; convert the picture first", formats())]
    UnsupportedFormat {
        /// What the bytes look like, for a person.
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
    /// The network gave nothing usable for this picture.
    #[error("the network failed on this picture: {0}")]
    Network(String),
}

impl PictureError {
    /// A stable word for programs: `empty`, `too-many-bytes`, `too-many-pixels`,
    /// `unsupported-format`, `corrupt` or `network`.
    pub fn code(&self) -> &'static str {
        match self {
            PictureError::Empty => "empty",
            PictureError::TooManyBytes { .. } => "too-many-bytes",
            PictureError::TooManyPixels { .. } => "too-many-pixels",
            PictureError::UnsupportedFormat { .. } => "unsupported-format",
            PictureError::Corrupt { .. } => "corrupt",
            PictureError::Network(_) => "network",
        }
    }
}

/// Why a model and its preprocessing file do not make an encoder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The preprocessing file asks for something that is missing, malformed or not supported.
    #[error("preprocessor_config.json: `{field}`: {reason}")]
    Preprocessing {
        /// The field at fault, dotted where nested; `(file)` when the file is no JSON object.
        field: String,
        /// What was expected there.
        reason: String,
    },
    /// The model is no ONNX file, or uses an operator that cannot be run.
    #[error("model.onnx cannot be loaded: {reason}; expected an ONNX network with weights inside")]
    Model {
        /// What the loader stumbled over.
        reason: String,
    },
    /// The network has not exactly one input.
    #[error("model.onnx: expected one input, found {found}")]
    Inputs {
        /// Number of inputs.
        found: usize,
    },
    /// The network's input does not take the pixels that the preprocessing file describes.
    #[error(
        "model.onnx: preprocessing makes pixels of shape {expected:?}, the network takes {found}; \
         correct `size`, `crop_size` or `data_format` in preprocessor_config.json"
    )]
    InputShape {
        /// Shape that the preprocessing gives.
        expected: [usize; 4],
        /// Shape that the network declares.
        found: String,
    },
    /// The network has not exactly one output.
    #[error("model.onnx: expected one output, the pooled features; found {found}")]
    Outputs {
        /// Number of outputs.
        found: usize,
    },
    /// The network's output is not one vector per picture.
    #[error(
        "model.onnx: expected an f32 output of shape [1, D] or [1, D, 1, 1], found {found}; \
         export the network up to its pooled features"
    )]
    OutputShape {
        /// Element type and shape of the output.
        found: String,
    },
}

/// The supported formats as a person lists them: `JPEG, PNG, WebP or GIF`.
fn formats() -> String {
    let (last, others) = SUPPORTED_FORMATS.split_last().unwrap_or((&"", &[]));
    format!("{} or {last}", others.join(", "))
}
