//! What indexing answers, and why it may fail as a whole.

use std::time::Duration;

use lookalike_core::error::StoreError;
use lookalike_core::model::Failure;
use lookalike_index::IndexError;

/// The outcome of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The image was embedded and published.
    Indexed,
    /// The image's embedding was there already; its row says something else of it now.
    Updated,
    /// The image is gone, and so is its row.
    Removed,
    /// The index already said what the bucket says.
    Unchanged,
    /// The image is bad; that is recorded, and trying again cannot help.
    Failed(Failure),
    /// Not done, for a reason that may pass: deliver the event again.
    Retry(String),
}

/// The outcome of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BatchReport {
    /// Every key of the batch, once, in key order.
    pub outcomes: Vec<(String, Outcome)>,
    /// The generation that holds what was published, or was there when nothing was.
    pub generation: u64,
    /// Publications that lost a race and were made again.
    pub conflicts: u64,
}

/// The outcome of a batch of changed products.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProductsReport {
    /// Images whose rows say something else now. None of them was embedded.
    pub updated: usize,
    /// Products that are to be named again, and why.
    pub retry: Vec<(String, String)>,
    /// The generation that holds what was published, or was there when nothing was.
    pub generation: u64,
    /// Publications that lost a race and were made again.
    pub conflicts: u64,
}

/// The result of maintenance.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MaintenanceReport {
    /// Deltas that were joined into one.
    pub merged_deltas: usize,
    /// Rows of the new base, when one was built.
    pub rebuilt_rows: Option<u64>,
    /// Time that building and publishing the base took.
    pub rebuild_time: Duration,
    /// Why the new base was to have a graph and has none.
    pub without_graph: Option<String>,
    /// Why a due rebuild was put off.
    pub postponed: Option<String>,
    /// Segments that garbage collection removed.
    pub collected: usize,
}

/// Why nothing of a batch could be done.
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
