//! Errors of ports, in this project's own terms: no SDK type appears here.

use std::error::Error;
use std::sync::Arc;

/// The kinds of failed store calls, by what a caller may do about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// The bucket, table or object does not exist: check the configuration.
    NotFound,
    /// A condition on a write did not hold because another writer was faster: read and apply again.
    Conflict,
    /// Throttled, slow, unreachable or a server error: the same call may succeed later.
    Unavailable,
    /// The credentials do not allow the call: fix the policy.
    Denied,
    /// The server refuses the request itself: retrying does not help.
    Invalid,
}

impl StoreErrorKind {
    /// True if the same call may succeed later, unchanged.
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Unavailable)
    }
}

/// A failed call to S3, DynamoDB or another implementation of a port.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{operation} failed: {message}")]
pub struct StoreError {
    /// The kind, which determines what the caller may do.
    pub kind: StoreErrorKind,
    /// The call and its object, e.g. `get s3://bucket/key`.
    pub operation: String,
    /// The message of the server.
    pub message: String,
    /// The cause, for the log.
    #[source]
    pub source: Option<Arc<dyn Error + Send + Sync>>,
}

impl StoreError {
    /// Makes an error without a deeper cause.
    pub fn new(
        kind: StoreErrorKind,
        operation: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            operation: operation.into(),
            message: message.into(),
            source: None,
        }
    }

    /// Returns the error with its cause.
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }
}
