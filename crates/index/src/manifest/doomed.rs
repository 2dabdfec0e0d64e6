//! Segments that will be removed, as the manifest lists them.

use serde::{Deserialize, Serialize};

use crate::ids::SegmentId;

/// Maximum number of doomed segments in a manifest. They take 30 bytes each, and the manifest is read at every cold
/// start; what does not fit is doomed by a later collection.
pub const MAX_DOOMED: usize = 1000;

/// Segments that one collection decided to remove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoomedSegments {
    /// The first generation that lists them.
    pub generation: u64,
    /// Time of its publication, milliseconds since 1970.
    pub at: u64,
    /// Names of the segments.
    pub ids: Vec<SegmentId>,
}

/// The lists of a manifest after a garbage collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// Takes the place of [`Manifest::doomed`](super::Manifest::doomed).
    pub doomed: Vec<DoomedSegments>,
    /// Takes the place of [`Manifest::forgotten`](super::Manifest::forgotten).
    pub forgotten: u64,
}
