//! Limits of one query.

/// Most results a caller may ask for, on one page or on all of them together.
pub const MAX_K: usize = 1000;
/// Most metadata members that a caller may choose.
pub const MAX_FIELDS: usize = 64;
/// Most attributes that values are counted of.
pub const MAX_FACETS: usize = 16;
/// The number of generations after the current one for which callers may wait: more can hardly be on their way.
pub(crate) const MAX_GENERATIONS_AHEAD: u64 = 100;
