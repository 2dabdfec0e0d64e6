//! The content of a segment, before and after encoding.

use std::collections::BTreeMap;

use crate::ids::SegmentId;
use crate::recall::{GraphLeftOut, Recall};
use crate::row::Row;

/// The content of a segment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SegmentContent {
    /// Rows, each key once.
    pub rows: Vec<Row>,
    /// Keys that were removed.
    pub tombstones: Vec<String>,
    /// Rows of older segments that the rows and tombstones of this one delete.
    pub deleted: BTreeMap<SegmentId, Vec<u32>>,
}

/// A segment ready to be stored.
#[derive(Debug, Clone)]
pub struct EncodedSegment {
    /// The object.
    pub bytes: Vec<u8>,
    /// Length of header and meta, which is all that a writer reads.
    pub meta_bytes: u64,
    /// Recall of the graph; `None` without a graph.
    pub recall: Option<Recall>,
    /// The reason why there is no graph although one was requested and could have been useful.
    pub left_out: Option<GraphLeftOut>,
}

impl SegmentContent {
    /// True if the segment would change nothing.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.tombstones.is_empty() && self.deleted.is_empty()
    }
}
