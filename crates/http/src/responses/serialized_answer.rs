//! An answer as JSON, for a reply and for its entity tag.

use lookalike_search::Answer;

/// A serialized answer.
pub(crate) struct SerializedAnswer {
    /// JSON.
    pub(crate) body: Vec<u8>,
    /// Number of bytes before the timings.
    timings_start: usize,
}

impl SerializedAnswer {
    /// Returns the answer as JSON; `None` if it cannot be serialized.
    pub(crate) fn new(answer: &Answer) -> Option<Self> {
        let body = serde_json::to_vec(answer).ok()?;
        let timings = serde_json::to_vec(&answer.timings).ok()?;
        let timings_start = body.len().checked_sub(timings.len() + "}".len())?;
        debug_assert!(
            body[timings_start..].starts_with(&timings),
            "timings come last"
        );
        Some(Self {
            body,
            timings_start,
        })
    }

    /// Returns the bytes that do not depend on the timings.
    pub(crate) fn without_timings(&self) -> &[u8] {
        &self.body[..self.timings_start]
    }
}
