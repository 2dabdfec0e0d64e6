//! Errors of indexing.

use std::time::Duration;

use lookalike_core::encoders::NoEncoder;
use lookalike_core::error::{StoreError, StoreErrorKind};
use lookalike_index::IndexError;
use tokio::task::JoinError;

/// The reason why nothing of a batch could be done.
#[derive(Debug, thiserror::Error)]
pub enum IndexingError {
    /// The encoder cannot be loaded.
    #[error("the encoder cannot be loaded: {0}")]
    Encoder(String),
    /// The stored index cannot be used with this encoder or by this release.
    #[error("the stored index cannot be used: {0}")]
    Index(#[from] IndexError),
    /// A store did not answer as it should.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Others kept publishing first.
    #[error("publishing lost {tries} races in a row: lower the indexer's concurrency or try again")]
    Contended {
        /// The number of tries.
        tries: u32,
    },
    /// The segments were written so long ago that they may be removed before they are published.
    #[error(
        "publishing took longer than {} s, after which its segments may be removed: try again",
        time_budget.as_secs()
    )]
    Late {
        /// The time it may take.
        time_budget: Duration,
    },
    /// A background thread died.
    #[error("a worker thread died: {0}")]
    Worker(String),
}

impl IndexingError {
    /// True if the same operation may succeed later without any change.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Store(error) => error.kind.is_retryable(),
            Self::Worker(_) | Self::Contended { .. } | Self::Late { .. } => true,
            Self::Encoder(_) | Self::Index(_) => false,
        }
    }

    /// True if a segment was not there: replaced and removed since the manifest was read, or lost.
    pub(crate) fn is_missing_segment(&self) -> bool {
        matches!(self, Self::Store(error) if error.kind == StoreErrorKind::NotFound)
    }

    /// True if the same operation will fail again, whatever other writers do meanwhile.
    pub(crate) fn is_lasting(&self) -> bool {
        !self.may_pass() && !self.is_missing_segment()
    }
}

impl From<JoinError> for IndexingError {
    fn from(error: JoinError) -> Self {
        Self::Worker(error.to_string())
    }
}

impl From<NoEncoder> for IndexingError {
    fn from(error: NoEncoder) -> Self {
        match error {
            NoEncoder::Missing { configured, wanted } => Self::Index(IndexError::Fingerprint {
                object: "manifest",
                expected: configured,
                found: wanted,
            }),
            NoEncoder::Store(error) => Self::Store(error),
            NoEncoder::Configured(_) | NoEncoder::Unusable { .. } => {
                Self::Encoder(error.to_string())
            }
        }
    }
}
