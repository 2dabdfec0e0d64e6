//! Lines that could not be used as they are.

use serde::Serialize;

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
