//! Lines that could not be used as they are.

use serde::Serialize;

use crate::limits::MAX_BAD_LINES;

/// A line that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadLine {
    /// Its number in the file; the first line is line 1.
    pub line: u64,
    /// The fault, and what to do about it.
    pub reason: String,
}

/// A product id that several lines have; the last one counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DuplicateId {
    /// The id.
    pub product_id: String,
    /// The lines, ascending.
    pub lines: Vec<u64>,
}

/// Counts all bad lines of a file, and keeps the first ones.
#[derive(Debug, Default)]
pub(crate) struct BadLines {
    pub(crate) total: u64,
    first: Vec<BadLine>,
}

impl BadLines {
    /// Maximum number of characters of a reason, which may quote the file.
    const MAX_CHARACTERS: usize = 300;

    /// Adds a line; lines come in any order.
    pub(crate) fn push(&mut self, line: u64, reason: &str) {
        self.total += 1;
        let reason = reason.chars().take(Self::MAX_CHARACTERS).collect();
        self.first.push(BadLine { line, reason });
        // Sorting now and then is cheaper than keeping the lines in order.
        if self.first.len() == 2 * MAX_BAD_LINES {
            self.cut();
        }
    }

    /// Returns the first lines, ascending.
    pub(crate) fn into_first(mut self) -> Vec<BadLine> {
        self.cut();
        self.first
    }

    fn cut(&mut self) {
        self.first.sort_by_key(|bad| bad.line);
        self.first.truncate(MAX_BAD_LINES);
    }
}
