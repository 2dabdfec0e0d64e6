//! Errors of a whole invocation.

use lookalike_events::EventError;

use crate::error::IndexingError;

/// The reason why an invocation failed as a whole. Its sender tries it again.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The payload is no event that the function takes.
    #[error(transparent)]
    Event(#[from] EventError),
    /// Nothing of the batch could be indexed, or maintenance failed.
    #[error(transparent)]
    Indexing(#[from] IndexingError),
    /// Some images must be tried again, and the sender takes no partial answer.
    #[error("{count} of {total} changes must be tried again, the first of them {key:?}: {reason}")]
    Unfinished {
        /// The number of changes that must be tried again.
        count: usize,
        /// The number of changes in all.
        total: usize,
        /// One of those.
        key: String,
        /// The reason why that one could not be finished.
        reason: String,
    },
}
