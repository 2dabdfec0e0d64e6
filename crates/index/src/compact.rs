//! Keeping the number of segments small: when to join them, and into what.
//!
//! Deltas are joined in tiers, eight of a size into one of the next, so that a row is rewritten a
//! logarithmic number of times. When what changed outgrows a share of the base, everything is rebuilt
//! into a new base; the rebuild's cost is spread over the uploads that caused it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::graph::GraphParameters;
use crate::ids::SegmentId;
use crate::manifest::SegmentEntry;
use crate::segment::{SegmentContent, SegmentKind, SegmentMeta};
use crate::snapshot::Segment;
use crate::view::View;

/// When to compact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CompactionPolicy {
    /// Deltas of a size that are joined into one.
    pub fan_in: usize,
    /// Changed rows, as a share of the base's live rows, that make a rebuild due.
    pub base_share: f64,
    /// Changed rows below which no rebuild is due.
    pub base_minimum: u64,
    /// Live rows from which a base gets a graph; below, the exact scan is faster.
    pub graph_minimum: usize,
    /// How much work goes into a graph.
    pub graph: GraphParameters,
}

impl Default for CompactionPolicy {
    fn default() -> Self {
        Self {
            fan_in: 8,
            base_share: 0.2,
            base_minimum: 1000,
            graph_minimum: 2000,
            graph: GraphParameters::default(),
        }
    }
}

impl CompactionPolicy {
    /// The newest deltas that should be joined into one, as positions in the manifest.
    pub fn merge_due(&self, segments: &[SegmentEntry]) -> Option<Range<usize>> {
        let fan_in = self.fan_in.max(2);
        let tier = |entry: &SegmentEntry| entry.rows.max(1).ilog(fan_in as u32);
        let is_delta = |entry: &&SegmentEntry| entry.kind == SegmentKind::Delta;
        let newest = || segments.iter().rev().take_while(is_delta);
        let highest = newest().map(tier).max()?;
        (0..=highest)
            .map(|t| newest().take_while(|entry| tier(entry) <= t).count())
            .find(|&count| count >= fan_in)
            .map(|count| segments.len() - count..segments.len())
    }

    /// Whether everything should be rebuilt into a new base.
    pub fn rebuild_due(&self, view: &View) -> bool {
        let (base, changed) = view.base_and_changed();
        let floor = (base as f64 * self.base_share) as u64;
        changed >= floor.max(self.base_minimum).max(1)
    }

    /// The graph that a base of so many rows gets.
    pub fn graph_for(&self, rows: usize) -> Option<GraphParameters> {
        (rows >= self.graph_minimum).then_some(self.graph)
    }
}

/// Joins the deltas at `range` of the view into one. `deltas` are the segments at that range.
///
/// Tombstones stay: a base that is being rebuilt elsewhere may still hold their keys.
pub fn merge_deltas(view: &View, range: Range<usize>, deltas: &[Segment]) -> SegmentContent {
    let rows = live_rows(view, range.clone(), deltas);
    let present: BTreeSet<&str> = rows.iter().map(|row| row.key.as_str()).collect();
    let tombstones: BTreeSet<&str> = deltas
        .iter()
        .flat_map(|delta| delta.meta().tombstones())
        .filter(|key| !present.contains(key))
        .collect();
    let tombstones = tombstones.into_iter().map(str::to_owned).collect();
    let outside: BTreeSet<SegmentId> = view
        .segments()
        .iter()
        .enumerate()
        .filter(|(i, _)| !range.contains(i))
        .map(|(_, segment)| segment.id())
        .collect();
    let mut superseded: BTreeMap<SegmentId, BTreeSet<u32>> = BTreeMap::new();
    for (id, row) in deltas.iter().flat_map(|delta| delta.meta().superseded()) {
        if outside.contains(&id) {
            superseded.entry(id).or_default().insert(row);
        }
    }
    SegmentContent {
        rows,
        tombstones,
        superseded: superseded
            .into_iter()
            .map(|(id, rows)| (id, rows.into_iter().collect()))
            .collect(),
    }
}

/// Joins every segment of the view into the content of a new base: the live rows.
pub fn rebuild_base(view: &View, segments: &[Segment]) -> SegmentContent {
    SegmentContent {
        rows: live_rows(view, 0..segments.len(), segments),
        ..SegmentContent::default()
    }
}

/// The rows of `joined` that segments published after it was put together supersede: what a joined
/// segment cannot know of itself.
pub fn superseded_since(joined: &SegmentMeta, newer: &[impl AsRef<SegmentMeta>]) -> Vec<u32> {
    let rows: BTreeSet<u32> = newer
        .iter()
        .flat_map(|segment| segment.as_ref().mentioned_keys())
        .filter_map(|key| joined.find(key))
        .collect();
    rows.into_iter().collect()
}

fn live_rows(view: &View, range: Range<usize>, segments: &[Segment]) -> Vec<crate::row::Row> {
    range
        .zip(segments)
        .flat_map(|(place, segment)| {
            (0..segment.meta().rows())
                .filter(move |&row| view.is_live(place, row))
                .map(|row| segment.row(row))
        })
        .collect()
}
