//! Keeping the number of segments small: when to join them, and into what.
//!
//! Deltas are joined in tiers, eight of a size into one of the next, so that a row is rewritten a
//! logarithmic number of times. When what changed outgrows a share of the base, everything is rebuilt
//! into a new base; the rebuild's cost is spread over the uploads that caused it.
//!
//! A joined segment takes the place of those it was made of, in a later generation than it was made
//! from: what was superseded meanwhile, [`superseded_meanwhile`], goes along as one more delta.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::bits::Bits;
use crate::graph_parameters::GraphParameters;
use crate::ids::SegmentId;
use crate::manifest::SegmentEntry;
use crate::segment::{Segment, SegmentContent, SegmentKind, SegmentMeta};
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
    /// Live rows from which a base gets a graph; below, looking at every row is faster.
    pub graph_minimum: usize,
    /// How much work goes into a graph.
    pub graph: GraphParameters,
}

impl Default for CompactionPolicy {
    fn default() -> Self {
        Self {
            fan_in: 8,
            // At a fifth, rebuilds made a picture cost 1.56 times the first ones at 20,000 rows, at a third 1.3
            // times; the deltas that are scanned meanwhile cost a search 0.1 ms there.
            base_share: 0.33,
            base_minimum: 1000,
            graph_minimum: 6500,
            graph: GraphParameters::default(),
        }
    }
}

impl CompactionPolicy {
    /// The newest deltas that should be joined into one, as positions in the manifest.
    ///
    /// A delta counts in the tier of its size, or in that of the largest newer one: deltas are joined
    /// in one run, and small ones before a large one would otherwise stay. So fewer than `fan_in` of
    /// each tier are left.
    pub fn merge_due(&self, segments: &[SegmentEntry]) -> Option<Range<usize>> {
        let fan_in = self.fan_in.max(2);
        let mut tier = 0;
        let mut of_tier = 0;
        let newest = segments.iter().enumerate().rev();
        for (place, entry) in newest.take_while(|(_, e)| e.kind == SegmentKind::Delta) {
            let own = entry.rows.max(1).ilog(fan_in as u32);
            if own > tier {
                tier = own;
                of_tier = 0;
            }
            of_tier += 1;
            if of_tier == fan_in {
                return Some(self.whole_tier(segments, place, tier)..segments.len());
            }
        }
        None
    }

    /// The oldest delta in one run with that at `place` that is of no higher tier.
    fn whole_tier(&self, segments: &[SegmentEntry], place: usize, tier: u32) -> usize {
        let fan_in = self.fan_in.max(2) as u32;
        let joins = |entry: &&SegmentEntry| {
            entry.kind == SegmentKind::Delta && entry.rows.max(1).ilog(fan_in) <= tier
        };
        place - segments[..place].iter().rev().take_while(joins).count()
    }

    /// Whether everything should be rebuilt into a new base.
    pub fn rebuild_due(&self, view: &View) -> bool {
        let (base, changed) = view.base_and_changed();
        let floor = (base as f64 * self.base_share) as u64;
        changed >= floor.max(self.base_minimum).max(1)
    }

    /// The graph that a base of so many rows gets.
    pub fn graph_for(&self, rows: usize) -> Option<GraphParameters> {
        (rows >= self.graph_minimum).then(|| self.graph.for_rows(rows))
    }
}

/// Joins the deltas at `range` of the view into one. `deltas` are the segments at that range.
///
/// Tombstones stay until the next base.
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

/// Bytes of memory that it takes to read these segments and to rebuild them into a base with a graph.
///
/// Most is taken by those of version 1, whose vectors are turned: measured was three times what is stored and
/// 1,400 to 2,000 bytes for every row, of which keys and attributes are most.
pub fn rebuild_bytes(segments: &[SegmentEntry]) -> u64 {
    let of_segment = |entry: &SegmentEntry| {
        let stored = entry.bytes.saturating_mul(13) / 4;
        stored.saturating_add(2000 * u64::from(entry.rows))
    };
    segments.iter().map(of_segment).fold(0, u64::saturating_add)
}

/// Joins every segment of the view into the content of a new base: the live rows.
pub fn rebuild_base(view: &View, segments: &[Segment]) -> SegmentContent {
    SegmentContent {
        rows: live_rows(view, 0..segments.len(), segments),
        ..SegmentContent::default()
    }
}

/// The rows of `joined` that were superseded while it was made: it is about to take the place of
/// `replaced` in `current`, and must not bring back what `current` does not have in them any more.
///
/// Only this is right whatever else was published meanwhile. To look for the keys that newer segments
/// mention is not enough: a segment may be newer and yet hold older rows, when it is itself a merge
/// that was made earlier and published later.
pub fn superseded_meanwhile(
    joined: &SegmentMeta,
    current: &View,
    replaced: &[SegmentId],
) -> Vec<u32> {
    let mut live = Bits::new(joined.rows());
    for location in current.live_rows() {
        let segment = current.meta(location);
        if replaced.contains(&segment.id())
            && let Some(row) = joined.find(segment.key(location.row))
        {
            live.insert(row);
        }
    }
    (0..joined.rows())
        .filter(|&row| !live.contains(row))
        .collect()
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
