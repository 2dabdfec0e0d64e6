//! Reasons why an index cannot change to a vector base, or back.

use crate::error::IndexingError;

/// The reason why a step of changing to a vector base, or back, was not taken.
#[derive(Debug, thiserror::Error)]
pub enum VectorBaseError {
    /// There is another vector base.
    #[error("the index has a vector base already: `lookalike status` shows it")]
    Exists,
    /// There is no vector base, or another one.
    #[error("the index has no such vector base: begin with `lookalike reindex --engine dynamodb`")]
    Missing,
    /// Nothing was published yet.
    #[error("there is no index yet: upload images first")]
    Unpublished,
    /// The index consists of deltas.
    #[error(
        "the index has no base segment, from which a vector base is filled: run `lookalike index rebuild` first"
    )]
    NoBaseSegment,
    /// There are standby indexes.
    #[error(
        "the encoder is being changed: finish that with `lookalike reindex --finish`, or cancel it with --cancel"
    )]
    StandbyIndexes,
    /// The base segment was replaced while its rows were copied.
    #[error("the base segment is not the one whose rows were copied: run the command again")]
    BaseSegmentChanged,
    /// The vector base is not searched yet.
    #[error("the index does not use its vector base yet")]
    NotServing,
    /// The base segment was given up.
    #[error("the base segment was given up, so the index cannot go back to it")]
    Finished,
    /// Rows are missing in the vector base.
    #[error(
        "{missing} of {rows} rows are not in the vector base: run the command again, it goes on where it stopped"
    )]
    Incomplete {
        /// Rows that are missing.
        missing: u64,
        /// Rows that should be there.
        rows: u64,
    },
    /// Searches of the vector base find too little.
    #[error(
        "searches of the vector base find {recall:.3} of what searches of the base segment find, less than {floor}: \
         wait a minute and run the command again, because an engine shows new rows late"
    )]
    Recall {
        /// Share of the nearest images that were found.
        recall: f64,
        /// The smallest share with which the index may switch.
        floor: f64,
    },
    /// A base segment of all rows does not fit.
    #[error("copying the vector base into a segment {0}: do it where there is more of that")]
    NoRoom(String),
    /// Another process is rebuilding the base.
    #[error("another process is at work on the base: try again in some minutes")]
    Busy,
    /// The index could not be read or published, or the engine failed.
    #[error(transparent)]
    Indexing(#[from] IndexingError),
}
