//! Segments as the manifest lists them.

use serde::{Deserialize, Serialize};

use crate::ids::SegmentId;
use crate::match_thresholds::MatchThresholds;
use crate::recall::Recall;
use crate::segment::SegmentKind;

/// Maximum size of a segment: a hundred million images take less.
const MAX_BYTES: u64 = 1 << 38;

/// One segment that is part of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentEntry {
    /// Name of the segment.
    pub id: SegmentId,
    /// Base or delta.
    pub kind: SegmentKind,
    /// Number of rows, including deleted ones.
    pub rows: u32,
    /// Size of the object.
    pub bytes: u64,
    /// Length of header and meta: the part that a writer reads.
    pub meta_bytes: u64,
    /// Recall of its graph, measured when it was built; `None` without a graph, and for segments of version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recall: Option<Recall>,
    /// Thresholds of its rows' scores, measured when it was built; `None` for deltas, for few rows,
    /// and if the release that built it did not measure them.
    #[serde(
        default,
        rename = "calibration",
        skip_serializing_if = "Option::is_none"
    )]
    pub match_thresholds: Option<MatchThresholds>,
}

impl SegmentEntry {
    /// True if a segment can have these lengths: readers allocate as much memory.
    pub(super) fn is_possible(&self) -> bool {
        self.meta_bytes <= self.bytes && self.bytes <= MAX_BYTES
    }
}

/// A segment that is no longer part of the index, and that slow readers may still need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetiredSegment {
    /// Name of the segment.
    pub id: SegmentId,
    /// Time of its replacement, milliseconds since 1970.
    pub at: u64,
}

/// The right to rebuild the base, for a limited time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The writer that holds the lease.
    pub owner: String,
    /// End of the lease, milliseconds since 1970.
    pub until: u64,
}
