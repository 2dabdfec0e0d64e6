//! Compaction: when to merge segments, and into what.
//!
//! Deltas are merged in tiers, eight of one tier into one of the next, so that a row is rewritten a
//! logarithmic number of times. When the changes exceed a share of the base, everything is rebuilt
//! into a new base; the cost of the rebuild is spread over the uploads that caused it.
//!
//! A merged segment replaces its source segments in a later generation than it was made from. Rows
//! that were deleted in between, [`deleted_meanwhile`], are published with it as one more delta.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::bits::Bits;
use crate::hnsw::GraphParameters;
use crate::ids::SegmentId;
use crate::live_rows::LiveRows;
use crate::manifest::SegmentEntry;
use crate::row::Row;
use crate::segment::{Segment, SegmentContent, SegmentKind, SegmentMeta};

/// Policy that decides when to compact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CompactionPolicy {
    /// Number of deltas of one tier that are merged into one.
    pub fan_in: usize,
    /// Share of the base's live rows that must have changed for a rebuild to be due.
    pub base_share: f64,
    /// Number of changed rows below which no rebuild is due.
    pub base_minimum: u64,
    /// Number of live rows from which a base gets a graph; below, a scan is faster.
    pub graph_minimum: usize,
    /// Parameters of graphs.
    pub graph: GraphParameters,
}

impl Default for CompactionPolicy {
    fn default() -> Self {
        Self {
            fan_in: 8,
            // With a fifth, rebuilds made an image cost 1.56 times as much at 20,000 rows, with a
            // third 1.3 times. Scanning the deltas that wait for the rebuild adds 0.1 ms to a
            // search there.
            base_share: 0.33,
            base_minimum: 1000,
            graph_minimum: 6500,
            graph: GraphParameters::default(),
        }
    }
}

impl CompactionPolicy {
    /// Returns the newest deltas that should be merged into one, as positions in the manifest.
    ///
    /// A delta counts in the tier of its size, or in that of the largest newer one: only adjacent
    /// deltas are merged, and small ones before a large one would otherwise stay. So fewer than
    /// `fan_in` deltas of each tier are left.
    pub fn merge_due(&self, segments: &[SegmentEntry]) -> Option<Range<usize>> {
        let fan_in = self.fan_in.max(2);
        let mut tier = 0;
        let mut of_tier = 0;
        let newest = segments.iter().enumerate().rev();
        for (position, entry) in newest.take_while(|(_, e)| e.kind == SegmentKind::Delta) {
            let own = entry.rows.max(1).ilog(fan_in as u32);
            if own > tier {
                tier = own;
                of_tier = 0;
            }
            of_tier += 1;
            if of_tier == fan_in {
                return Some(self.whole_tier(segments, position, tier)..segments.len());
            }
        }
        None
    }

    /// Returns the position of the oldest delta of the run that ends at `position` and has no delta of a higher tier.
    fn whole_tier(&self, segments: &[SegmentEntry], position: usize, tier: u32) -> usize {
        let fan_in = self.fan_in.max(2) as u32;
        let joins = |entry: &&SegmentEntry| {
            entry.kind == SegmentKind::Delta && entry.rows.max(1).ilog(fan_in) <= tier
        };
        position - segments[..position].iter().rev().take_while(joins).count()
    }

    /// True if everything should be rebuilt into a new base.
    pub fn rebuild_due(&self, live_rows: &LiveRows) -> bool {
        let (base, changed) = live_rows.base_and_changed();
        let floor = (base as f64 * self.base_share) as u64;
        changed >= floor.max(self.base_minimum).max(1)
    }

    /// Returns the parameters of the graph of a base with `rows` rows; `None` if it gets no graph.
    pub fn graph_for(&self, rows: usize) -> Option<GraphParameters> {
        (rows >= self.graph_minimum).then(|| self.graph.for_rows(rows))
    }
}

/// Merges the deltas at `range` of the segments into one. `deltas` are the segments in that range.
///
/// Tombstones stay until the next base.
pub fn merge_deltas(
    live_rows: &LiveRows,
    range: Range<usize>,
    deltas: &[Segment],
) -> SegmentContent {
    let rows = collect_rows(live_rows, range.clone(), deltas);
    let present: BTreeSet<&str> = rows.iter().map(|row| row.key.as_str()).collect();
    let tombstones: BTreeSet<&str> = deltas
        .iter()
        .flat_map(|delta| delta.meta().tombstones())
        .filter(|key| !present.contains(key))
        .collect();
    let tombstones = tombstones.into_iter().map(str::to_owned).collect();
    let outside: BTreeSet<SegmentId> = live_rows
        .segments()
        .iter()
        .enumerate()
        .filter(|(i, _)| !range.contains(i))
        .map(|(_, segment)| segment.id())
        .collect();
    let mut deleted: BTreeMap<SegmentId, BTreeSet<u32>> = BTreeMap::new();
    for (id, row) in deltas.iter().flat_map(|delta| delta.meta().deleted()) {
        if outside.contains(&id) {
            deleted.entry(id).or_default().insert(row);
        }
    }
    SegmentContent {
        rows,
        tombstones,
        deleted: deleted
            .into_iter()
            .map(|(id, rows)| (id, rows.into_iter().collect()))
            .collect(),
    }
}

/// Estimates the memory in bytes that it takes to read these segments and rebuild them into a base
/// with a graph.
///
/// Segments of version 1 take most, because their vectors have to be rotated. Measurements showed
/// three times the stored bytes, plus 1,400 to 2,000 bytes for every row, mostly for keys and
/// attributes.
pub fn rebuild_bytes(segments: &[SegmentEntry]) -> u64 {
    let of_segment = |entry: &SegmentEntry| {
        let stored = entry.bytes.saturating_mul(13) / 4;
        stored.saturating_add(2000 * u64::from(entry.rows))
    };
    segments.iter().map(of_segment).fold(0, u64::saturating_add)
}

/// Merges all segments into the content of a new base: the live rows.
pub fn rebuild_base(live_rows: &LiveRows, segments: &[Segment]) -> SegmentContent {
    SegmentContent {
        rows: collect_rows(live_rows, 0..segments.len(), segments),
        ..SegmentContent::default()
    }
}

/// Returns the rows of `merged` that were deleted while it was made. It is about to replace the
/// segments `replaced` of `current`, and must not bring back rows that these no longer have there.
///
/// This is right whatever else was published in between. Looking for the keys of newer segments
/// would not be enough: a newer segment can hold older rows, if it is itself a merge that was made
/// earlier and published later.
pub fn deleted_meanwhile(
    merged: &SegmentMeta,
    current: &LiveRows,
    replaced: &[SegmentId],
) -> Vec<u32> {
    let mut live = Bits::new(merged.rows());
    for address in current.addresses() {
        let segment = current.meta(address);
        if replaced.contains(&segment.id())
            && let Some(row) = merged.find(segment.key(address.row))
        {
            live.insert(row);
        }
    }
    (0..merged.rows())
        .filter(|&row| !live.contains(row))
        .collect()
}

/// Copies the live rows of the segments at `range`.
fn collect_rows(live_rows: &LiveRows, range: Range<usize>, segments: &[Segment]) -> Vec<Row> {
    range
        .zip(segments)
        .flat_map(|(segment_index, segment)| {
            (0..segment.meta().rows())
                .filter(move |&row| live_rows.is_live(segment_index, row))
                .map(|row| segment.row(row))
        })
        .collect()
}
