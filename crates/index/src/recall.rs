//! The measured recall of a graph.

use serde::{Deserialize, Serialize};

/// Number of best rows for which recall is measured, and so the minimum number of candidates of a
/// walk.
pub(crate) const RECALL_AT: usize = 10;

/// Share of the ten most similar rows that walks find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recall {
    /// Number of rows found that are among the ten best of their query, or equally good.
    pub found: u32,
    /// Number of rows that an exact search finds.
    pub expected: u32,
}

impl Recall {
    /// Recall of no queries.
    pub(crate) const NONE: Self = Self {
        found: 0,
        expected: 0,
    };

    /// Returns the share, 0 to 1; 1 if there was nothing to find.
    pub fn share(self) -> f64 {
        match self.expected {
            0 => 1.0,
            expected => f64::from(self.found) / f64::from(expected),
        }
    }
}

/// The reason why a base has no graph although it is large enough for one: no graph reached the
/// required recall. The base is searched exactly, which is correct but slower.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GraphLeftOut {
    /// Best recall of all graphs that were built.
    pub best: Recall,
    /// The required share: the minimum plus a margin.
    pub wanted: f64,
    /// True if one more graph with more work might have reached it, but was not allowed.
    pub cut_short: bool,
}
