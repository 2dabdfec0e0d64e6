//! Results of indexing and maintenance.

use std::time::Duration;

use lookalike_core::model::Failure;

/// The outcome of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The image was embedded and published.
    Indexed,
    /// The image's embedding was there already; the attributes of its row changed.
    Updated,
    /// The image is gone, and so is its row.
    Removed,
    /// The index already had this version.
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
    /// The generation that was published, or that was there if nothing was published.
    pub generation: u64,
    /// Publications that lost a race and were made again.
    pub conflicts: u64,
}

/// The outcome of a batch of changed products.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProductsReport {
    /// Images whose rows were written again with other attributes. None of them was embedded.
    pub updated: usize,
    /// Products that must be named again, and why.
    pub retry: Vec<(String, String)>,
    /// The generation that was published, or that was there if nothing was published.
    pub generation: u64,
    /// Publications that lost a race and were made again.
    pub conflicts: u64,
}

/// The outcome of a backfill.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BackfillReport {
    /// Images whose rows were written to the vector base.
    pub written: usize,
    /// Images that the index had already.
    pub unchanged: usize,
    /// Images that cannot be embedded; that is recorded.
    pub failed: usize,
    /// Keys that the indexer must look at, as if each had just been written: the index has another version or other
    /// attributes of them, or they changed meanwhile.
    pub left: Vec<String>,
    /// Keys that were not done, and why: name them again.
    pub retry: Vec<(String, String)>,
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
    /// The reason why the new base has no graph although it should have one.
    pub without_graph: Option<String>,
    /// Rows of deltas, and removals, that were written to the vector base.
    pub drained_rows: Option<u64>,
    /// The reason why a due rebuild was postponed.
    pub postponed: Option<String>,
    /// Segments that garbage collection removed.
    pub collected: usize,
}
