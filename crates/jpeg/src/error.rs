/// The reason why a file has no pixels. The file is at fault: a retry does not help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not all of the image is there, or what is there contradicts itself. The text says what is wrong.
    #[error("{0}")]
    Corrupt(String),
    /// A kind of JPEG that is not decoded, by its name, such as `lossless JPEG`.
    #[error("{0} is not supported")]
    Unsupported(String),
}

impl Error {
    pub(crate) fn corrupt(reason: impl Into<String>) -> Error {
        Error::Corrupt(reason.into())
    }

    pub(crate) fn unsupported(kind: impl Into<String>) -> Error {
        Error::Unsupported(kind.into())
    }
}
