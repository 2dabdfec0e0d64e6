//! Walking the graph (algorithms 2 and 5 of Malkov and Yashunin 2016) over links and coarse vectors as they lie in the
//! segment.
//!
//! A walk starts at the best few nodes of a sample that is scanned, and at node 0, from which every node can be
//! reached; it follows the links of the bottom layer.

use std::cell::RefCell;

use super::beam::{BeamLimits, SearchScratch};
use crate::quantization::Query;
use crate::scored::ScoredNode;
use crate::segment::SegmentBody;

/// Maximum size of the sample, divided by the square root of the number of nodes.
const SAMPLE: usize = 4;

/// A filtered walk does not start if, by the sample, more than a quarter of the nodes that it may
/// visit are nearer than the nearest accepted one: it would find too little and be given up. Where
/// a quarter of 100,000 photos are of one category, and most queries of others, this halves the
/// time of searches.
const FAR: usize = 4;

thread_local! {
    static SCRATCH: RefCell<SearchScratch> = RefCell::default();
}

/// Returns about the `ef` accepted nodes that are most similar to the query, best first.
///
/// Other nodes are walked through but take no place among the `ef`: otherwise a deleted group of
/// near duplicates would hide the nodes behind it.
pub(crate) fn search(
    body: &SegmentBody,
    query: &Query,
    nodes: u32,
    ef: usize,
    accepts: impl Fn(u32) -> bool,
) -> Vec<ScoredNode> {
    let (limits, options) = (BeamLimits::ef(ef), WalkOptions::default());
    walk(body, query, nodes, limits, options, accepts)
}

/// Searches like [`search`] for the vector of the node `start`: the walk starts there, among its
/// neighbors.
pub(crate) fn search_from(
    body: &SegmentBody,
    query: &Query,
    nodes: u32,
    ef: usize,
    start: u32,
    accepts: impl Fn(u32) -> bool,
) -> Vec<ScoredNode> {
    let options = WalkOptions {
        start: Some(start),
        ..WalkOptions::default()
    };
    walk(body, query, nodes, BeamLimits::ef(ef), options, accepts)
}

/// Returns about the `ef` nodes that are most similar to the query, as if the node `excluded` were
/// not in the graph.
pub(crate) fn search_excluding(
    body: &SegmentBody,
    query: &Query,
    nodes: u32,
    ef: usize,
    excluded: u32,
) -> Vec<ScoredNode> {
    let options = WalkOptions {
        excluded: Some(excluded),
        ..WalkOptions::default()
    };
    walk(body, query, nodes, BeamLimits::ef(ef), options, |_| true)
}

/// The result of a walk for nodes that may be rare.
#[derive(Debug)]
pub(crate) struct FilteredResult {
    /// The most similar accepted nodes, best first.
    pub(crate) found: Vec<ScoredNode>,
    /// Number of nodes, accepted or not, that the walk met at or above the lowest similarity that
    /// it reached.
    pub(crate) met: usize,
    /// Number of these nodes that are at least as good as the last of the first `rows` found.
    pub(crate) met_within_rows: usize,
}

/// Searches for accepted nodes, which may be rare; others are walked through. `None` if that takes
/// more nodes than `limits` allow, or there are fewer accepted nodes than are kept.
pub(crate) fn search_filtered(
    body: &SegmentBody,
    query: &Query,
    nodes: u32,
    limits: BeamLimits,
    rows: usize,
    accepts: impl Fn(u32) -> bool,
) -> Option<FilteredResult> {
    let options = WalkOptions::default();
    let found = walk(body, query, nodes, limits, options, accepts);
    let (last, last_of_rows) = (found.last()?, found.get(rows.checked_sub(1)?)?);
    if found.len() < limits.accepted {
        return None;
    }
    let (met, met_within_rows) = SCRATCH.with_borrow(|scratch| {
        let bound = scratch.worst_near().unwrap_or(*last).min(*last);
        let met = |bound| scratch.met.iter().filter(|&&node| node >= bound).count();
        (met(bound), met(*last_of_rows))
    });
    Some(FilteredResult {
        found,
        met,
        met_within_rows,
    })
}

#[derive(Clone, Copy, Default)]
struct WalkOptions {
    /// A node that is not visited.
    excluded: Option<u32>,
    /// A node to start at besides the best of the sample. The sample is smaller then: it only
    /// serves what the links of that node do not lead to.
    start: Option<u32>,
}

fn walk(
    body: &SegmentBody,
    query: &Query,
    nodes: u32,
    limits: BeamLimits,
    options: WalkOptions,
    accepts: impl Fn(u32) -> bool,
) -> Vec<ScoredNode> {
    let Some(graph) = body.graph().filter(|_| nodes > 0) else {
        return Vec::new();
    };
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.visited.clear(nodes);
        if let Some(excluded) = options.excluded {
            scratch.visited.insert(excluded);
        }
        let sample = match options.start {
            None => sample_size(graph.layers(), nodes),
            Some(_) => sample_size(graph.layers(), nodes) / SAMPLE as u32,
        };
        scratch.compare_sample(body, query, sample);
        let is_filtered = limits.any > 0;
        if is_filtered && scratch.nearer_than_accepted(nodes, &accepts) > limits.max_visited / FAR {
            return Vec::new();
        }
        scratch.enter(body, query, options.start);
        scratch.walk(body, graph, query, limits, accepts)
    })
}

/// Returns the maximum number of nodes that are compared to find entry points.
pub(super) fn max_sample(nodes: usize) -> usize {
    SAMPLE * nodes.isqrt()
}

/// Returns how many of the first nodes are compared to find entry points. The nodes of each layer
/// are mostly a fair sample of all, so this is the size of a layer.
fn sample_size(layers: &[usize], nodes: u32) -> u32 {
    let max = max_sample(nodes as usize);
    let fits = layers.iter().find(|&&covered| covered <= max);
    fits.map_or(1, |&covered| covered as u32)
}

#[cfg(test)]
mod tests;
