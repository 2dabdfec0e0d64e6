use serde::Serialize;

/// Something that could not be used, and the reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Skipped {
    /// A file, or a line of a table.
    pub what: String,
    /// The reason.
    pub reason: String,
}
