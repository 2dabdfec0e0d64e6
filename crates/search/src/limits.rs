//! Limits of one search.

/// Maximum number of results, on one page or on all of them together.
pub const MAX_K: usize = 1000;
/// Maximum number of metadata members that a caller may choose.
pub const MAX_FIELDS: usize = 64;
/// Maximum number of attributes whose values are counted.
pub const MAX_FACETS: usize = 16;
