//! The neighbors of a row.

/// Neighbors of other products whose categories are compared with that of an image.
pub(super) const MAX_VOTES: usize = 10;

/// The neighbors of a row, by number, nearest first, and how similar they are.
pub(super) type Neighbors = Vec<(u32, f32)>;
