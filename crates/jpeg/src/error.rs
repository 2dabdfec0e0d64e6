/// The reason why a file cannot be decoded. The file is at fault: a retry does not help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The image is incomplete or inconsistent. The text describes the fault.
    #[error("{0}")]
    Corrupt(String),
    /// An unsupported kind of JPEG, by its name, such as `lossless JPEG`.
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
