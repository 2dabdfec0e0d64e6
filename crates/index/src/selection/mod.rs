//! Which rows of a snapshot match a filter.

mod recent;

use std::sync::{Arc, PoisonError};

use crate::attributes::Schema;
use crate::bits::Bits;
use crate::error::IndexError;
use crate::filter::{Filter, FilterError, Node};
use crate::ids::SegmentId;
use crate::segment::SegmentMeta;
use crate::snapshot::Snapshot;
use crate::view::Location;

pub(crate) use recent::Recent;

/// Rows of which the entries are looked up in a fraction of a millisecond.
const FEW_ROWS: u64 = 1 << 18;

/// The live rows of one snapshot that match a filter.
#[derive(Debug)]
pub struct Selection {
    /// Of the segments of the snapshot, in its order.
    segments: Vec<Selected>,
    images: u64,
}

/// The live rows of one segment that match.
#[derive(Debug)]
pub(crate) struct Selected {
    id: SegmentId,
    rows: Bits,
    /// The nodes that have such a row; none where every node has one row, and both are the same.
    nodes: Option<Bits>,
    node_count: u32,
    /// Pieces that the nodes are in, each without a gap.
    runs: u32,
}

impl Selection {
    /// Pictures that match.
    pub fn images(&self) -> u64 {
        self.images
    }

    /// Whether a row is among them.
    pub fn contains(&self, location: Location) -> bool {
        let segment = self.segments.get(location.segment);
        segment.is_some_and(|selected| selected.rows.contains(location.row))
    }

    pub(crate) fn segment(&self, place: usize) -> &Selected {
        &self.segments[place]
    }

    /// Makes sure that it is of this snapshot: of these segments, in this order.
    pub(crate) fn check(&self, snapshot: &Snapshot) -> Result<(), IndexError> {
        let own = self.segments.iter().map(|selected| selected.id);
        let segments = snapshot.segments().iter();
        match own.eq(segments.map(|segment| segment.meta().id())) {
            true => Ok(()),
            false => Err(IndexError::OtherSnapshot),
        }
    }
}

impl Selected {
    fn new(meta: &SegmentMeta, dead: &Bits, node: &Node) -> Self {
        let entries = meta.table().matching(node);
        let mut rows = meta.rows_with_entries(&entries);
        rows.subtract(dead);
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

    /// The nodes that have a row among them.
    pub(crate) fn nodes(&self) -> &Bits {
        self.nodes.as_ref().unwrap_or(&self.rows)
    }

    pub(crate) fn node_count(&self) -> u32 {
        self.node_count
    }

    /// Pieces that the nodes are in, each without a gap.
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

impl Snapshot {
    /// The pictures that match a filter.
    ///
    /// The first look at the attributes of a segment parses them, which takes tens of milliseconds where
    /// 100,000 rows are all different; what was selected last is kept for the next who asks for it.
    /// `declared` are attributes that may be asked for although no picture has them: nothing matches them.
    ///
    /// # Errors
    /// [`FilterError::UnknownAttribute`] or [`FilterError::Type`].
    pub fn select(
        &self,
        filter: &Filter,
        declared: &[String],
    ) -> Result<Arc<Selection>, FilterError> {
        self.schema().check(filter, declared)?;
        if let Some(known) = self.recent().get(filter) {
            return Ok(known);
        }
        let segments: Vec<Selected> = self
            .view()
            .segments()
            .iter()
            .enumerate()
            .map(|(place, meta)| Selected::new(meta, self.view().dead(place), filter.node()))
            .collect();
        let images = segments
            .iter()
            .map(|selected| u64::from(selected.rows.count()));
        let selection = Arc::new(Selection {
            images: images.sum(),
            segments,
        });
        self.recent().put(filter, &selection);
        Ok(selection)
    }

    /// The same where that is a matter of a fraction of a millisecond: `None` when it may take longer. A
    /// caller that serves others too hands those on.
    ///
    /// # Errors
    /// As [`select`](Self::select).
    pub fn select_briefly(
        &self,
        filter: &Filter,
        declared: &[String],
    ) -> Result<Option<Arc<Selection>>, FilterError> {
        let is_brief =
            self.knows_schema() && (self.rows() <= FEW_ROWS || self.recent().has(filter));
        is_brief.then(|| self.select(filter, declared)).transpose()
    }

    /// Makes sure that an attribute is one that pictures have, or declared.
    ///
    /// # Errors
    /// [`FilterError::UnknownAttribute`].
    pub fn check_attribute(&self, name: &str, declared: &[String]) -> Result<(), FilterError> {
        self.schema().check_attribute(name, declared)
    }

    pub(crate) fn schema(&self) -> &Schema {
        self.lazy().schema.get_or_init(|| Schema::new(self.view()))
    }

    fn knows_schema(&self) -> bool {
        self.lazy().schema.get().is_some()
    }

    fn recent(&self) -> std::sync::MutexGuard<'_, Recent> {
        let recent = self.lazy().recent.lock();
        // Whoever panicked left it as it was before or after.
        recent.unwrap_or_else(PoisonError::into_inner)
    }
}
