//! Findings of an audit.

use crate::row::RowAddress;

/// Thresholds of an audit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AuditSettings {
    /// Cosine from which two images are nearly the same one.
    pub same: f32,
    /// Cosine from which a neighbor counts for an image's category; -1 if that is not known.
    pub similar: f32,
}

/// The findings of an audit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImageAudit {
    /// Images that are identical: the same object version, or the same vector. Those of several products first,
    /// then those of most products and images.
    pub duplicates: Vec<ImageGroup>,
    /// Images that are nearly the same one, or connected by such; at least two of each group are not identical. In the
    /// same order.
    pub near_duplicates: Vec<ImageGroup>,
    /// Images whose neighbors are of another category, the surest first.
    pub misplaced: Vec<Misplaced>,
}

/// Images that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageGroup {
    /// The images, by key.
    pub images: Vec<RowAddress>,
    /// Distinct products that they show.
    pub products: usize,
    /// The weakest of the scores that hold the group together, cosine; 1 of identical images.
    pub score: f32,
}

/// An image whose neighbors are of another category.
#[derive(Debug, Clone, PartialEq)]
pub struct Misplaced {
    /// The image.
    pub address: RowAddress,
    /// Its category.
    pub category: String,
    /// That of most of its neighbors.
    pub suggested: String,
    /// Neighbors of that category.
    pub votes: usize,
    /// Nearest images of other products that were counted: ten, fewer in a small catalog.
    pub neighbors: usize,
    /// Mean cosine similarity to those of the suggested category.
    pub score: f32,
}
