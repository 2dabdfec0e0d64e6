//! Errors of the store.

use std::io;

/// The reason why an operation of the store failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the bucket `{0}` does not exist")]
    NoSuchBucket(String),
    #[error("the bucket `{0}` is not empty: delete its objects first")]
    BucketNotEmpty(String),
    #[error("the key `{0}` does not exist")]
    NoSuchKey(String),
    #[error("the key `{key}` cannot be stored as a file: {reason}")]
    InvalidKey { key: String, reason: &'static str },
    #[error(
        "the key `{key}` cannot be stored: a key cannot be an object and the folder of other objects at once"
    )]
    KeyConflict { key: String },
    #[error("the object does not meet the condition")]
    PreconditionFailed,
    #[error(
        "the multipart upload `{0}` does not exist: it was never started, completed or aborted"
    )]
    NoSuchUpload(String),
    #[error("part {number} was not uploaded, or not with this ETag")]
    InvalidPart { number: i32 },
    #[error("the parts are not in ascending order: {next} follows {previous}")]
    InvalidPartOrder { previous: i32, next: i32 },
    #[error("part {number} has {size} bytes: every part but the last must have at least 5 MiB")]
    PartTooSmall { number: i32, size: u64 },
    #[error("{what} of the received bytes is `{received}`, but the request has `{expected}`")]
    BadDigest {
        what: &'static str,
        expected: String,
        received: String,
    },
    #[error("the source changed while it was copied: try again")]
    SourceChanged,
    #[error(transparent)]
    Io(#[from] io::Error),
}
