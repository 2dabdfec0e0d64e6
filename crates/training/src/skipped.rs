use serde::Serialize;

/// Something that could not be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Skipped {
    /// A file, or a line of a table.
    pub what: String,
    /// Why not.
    pub reason: String,
}
