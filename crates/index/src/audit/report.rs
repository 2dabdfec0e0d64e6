//! Findings of an audit.

use crate::row::RowAddress;

/// Thresholds of an audit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AuditSettings {
    /// Minimum cosine of two images that count as nearly the same.
    pub same: f32,
    /// Minimum cosine of a neighbor that counts for an image's category; -1 if that is not known.
    pub similar: f32,
}

/// The findings of an audit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImageAudit {
    /// Images that are identical: the same object version, or the same vector. Groups of several
    /// products come first, then those of most products and images.
    pub duplicates: Vec<ImageGroup>,
    /// Images that are nearly the same, directly or through others; at least two of each group are
    /// not identical. Sorted like [`duplicates`](Self::duplicates).
    pub near_duplicates: Vec<ImageGroup>,
    /// Images whose neighbors are of another category, most certain first.
    pub misplaced: Vec<Misplaced>,
}

/// Images that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageGroup {
    /// The images, by key.
    pub images: Vec<RowAddress>,
    /// Number of distinct products that they show.
    pub products: usize,
    /// Weakest of the scores that hold the group together, cosine; 1 for identical images.
    pub score: f32,
}

/// An image whose neighbors are of another category.
#[derive(Debug, Clone, PartialEq)]
pub struct Misplaced {
    /// The image.
    pub address: RowAddress,
    /// Its category.
    pub category: String,
    /// The category of most of its neighbors.
    pub suggested: String,
    /// Number of neighbors of that category.
    pub votes: usize,
    /// Number of nearest images of other products that were counted: ten, fewer in a small catalog.
    pub neighbors: usize,
    /// Mean cosine similarity to the neighbors of the suggested category.
    pub score: f32,
}
