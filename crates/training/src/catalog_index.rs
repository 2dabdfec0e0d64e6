//! An index in memory over vectors, made as the indexer makes one of this size.

use bytes::Bytes;
use lookalike_index::{
    CompactionPolicy, Fingerprint, IndexError, Row, Segment, SegmentContent, SegmentId, Snapshot,
};

/// Returns the rows as one base, opened from its stored bytes, with a graph if a base of this size
/// gets one; and the size of the stored bytes.
pub(crate) fn index(
    rows: Vec<Row>,
    dimensions: usize,
    encoder: Fingerprint,
) -> Result<(Snapshot, usize), IndexError> {
    let graph = CompactionPolicy::default().graph_for(rows.len());
    let content = SegmentContent {
        rows,
        ..SegmentContent::default()
    };
    let id = SegmentId::new(0, 0);
    let stored = content.encode_base(id, encoder, dimensions, graph)?;
    let stored = Bytes::from(stored.bytes);
    let segment = Segment::open(&stored, id, encoder)?;
    let snapshot = Snapshot::new(vec![segment], dimensions)?;
    Ok((snapshot, stored.len()))
}
