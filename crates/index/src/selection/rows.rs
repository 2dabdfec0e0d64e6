//! The rows that match a filter.

use crate::bits::Bits;
use crate::error::IndexError;
use crate::filter::Expr;
use crate::ids::SegmentId;
use crate::live_rows::LiveRows;
use crate::row::RowAddress;
use crate::segment::SegmentMeta;

/// The live rows of one snapshot that match a filter.
#[derive(Debug)]
pub struct Selection {
    /// The selected rows of each segment, in the order of the snapshot.
    pub(super) segments: Vec<SelectedRows>,
    pub(super) images: u64,
}

/// The live rows of one segment that match.
#[derive(Debug)]
pub(crate) struct SelectedRows {
    id: SegmentId,
    pub(super) rows: Bits,
    /// The nodes that have a matching row; `None` if every node has one row, so that both are the
    /// same.
    nodes: Option<Bits>,
    node_count: u32,
    /// Number of runs of nodes without a gap.
    runs: u32,
}

impl Selection {
    /// Returns the number of images that match.
    pub fn images(&self) -> u64 {
        self.images
    }

    /// True if a row matches.
    pub fn contains(&self, address: RowAddress) -> bool {
        let segment = self.segments.get(address.segment);
        segment.is_some_and(|selected| selected.rows.contains(address.row))
    }

    pub(crate) fn segment(&self, segment_index: usize) -> &SelectedRows {
        &self.segments[segment_index]
    }

    /// Checks that the selection was made for these segments, in this order.
    pub(crate) fn check(&self, live_rows: &LiveRows) -> Result<(), IndexError> {
        let own = self.segments.iter().map(|selected| selected.id);
        let segments = live_rows.segments().iter();
        if own.eq(segments.map(|segment| segment.id())) {
            Ok(())
        } else {
            Err(IndexError::OtherSnapshot)
        }
    }
}

impl SelectedRows {
    /// Finds the live rows of a segment that match.
    pub(super) fn new(meta: &SegmentMeta, deleted: &Bits, expr: &Expr) -> Self {
        let entries = meta.table().matching(expr);
        let mut rows = meta.rows_with_entries(&entries);
        rows.subtract(deleted);
        let nodes = (meta.nodes() != meta.rows()).then(|| nodes_of(meta, &rows));
        let known = nodes.as_ref().unwrap_or(&rows);
        Self {
            id: meta.id(),
            node_count: known.count(),
            runs: known.runs(),
            rows,
            nodes,
        }
    }

    pub(crate) fn rows(&self) -> &Bits {
        &self.rows
    }

    /// Returns the nodes that have a matching row.
    pub(crate) fn nodes(&self) -> &Bits {
        self.nodes.as_ref().unwrap_or(&self.rows)
    }

    pub(crate) fn node_count(&self) -> u32 {
        self.node_count
    }

    /// Returns the number of runs of nodes without a gap.
    pub(crate) fn runs(&self) -> u32 {
        self.runs
    }
}

fn nodes_of(meta: &SegmentMeta, rows: &Bits) -> Bits {
    let mut nodes = Bits::new(meta.nodes());
    let (mut node, mut rows_of_node) = (0, 0..0);
    for row in rows.iter() {
        // Rows are sorted by node.
        while row >= rows_of_node.end {
            rows_of_node = meta.rows_of_node(node);
            node += 1;
        }
        nodes.insert(node - 1);
    }
    nodes
}
