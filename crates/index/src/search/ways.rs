//! How a segment is searched: by walking its graph, or by comparing with every node, or with those alone
//! that are selected. What is quickest follows from how many nodes there are, and how many are selected.

use crate::graph_search::{self, NODES_PER_CANDIDATE, Reach};
use crate::segment::Segment;
use crate::selection::Selected;
use crate::snapshot::Snapshot;
use crate::view::Location;

/// Best rows for which it was measured how many candidates a graph must be asked for.
const MEASURED_FOR: usize = 10;
/// Candidates that are asked for where that was not measured.
const LEAST_EF: usize = 96;
/// Candidates by which more are asked for with every further row that is wanted.
pub(super) const PER_ROW: usize = 2;
/// By how much fewer are enough for a row that the walk begins at, and the least number: the walk need not find
/// the way to it, and what was measured is for rows moved away from their neighbours, with a reserve. With 40
/// to 112 candidates such rows find the same, within .001, of 20,000 and of 100,000 embeddings of photos.
const MORE_THAN_STORED: usize = 4;
const LEAST_STORED: usize = 40;
/// Most pictures that a product is taken to have. Where an average is more, a few products may have
/// nearly all pictures, and the rest one each.
const MOST_PER_PRODUCT: f64 = 16.0;
/// Selected nodes that a walk keeps at least: they lead it where those lie apart from the rest.
const LEAST_SELECTED: usize = 48;
/// A walk looks at so many nodes while it could have been looking at one more of those that are selected: when
/// it has looked at more than that, comparing with those is quicker.
const SELECTED_PER_WALKED: usize = 2;

impl Snapshot {
    /// Candidates that are asked for first: as many as the graph in use needs, more the more results are
    /// wanted, and enough to meet these where several rows show each.
    pub(super) fn first_ef(&self, results: usize, stored: Option<Location>) -> usize {
        let walked = self.segments().iter().filter(|s| is_walked(s, 0));
        let least = walked.map(needed).max().unwrap_or(LEAST_EF);
        // One that lies beside the graph is no place to begin.
        let least = match stored.is_some_and(|at| is_walked(&self.segments()[at.segment], 0)) {
            true => (least / MORE_THAN_STORED).max(LEAST_STORED),
            false => least,
        };
        let more = results.saturating_sub(MEASURED_FOR);
        least
            .saturating_add(more.saturating_mul(PER_ROW))
            .max(self.rows_met(results).saturating_mul(PER_ROW))
    }

    /// The same where only some nodes are selected.
    pub(super) fn first_ef_of_selected(&self, results: usize) -> usize {
        let rows = self.rows_met(results).saturating_mul(PER_ROW);
        rows.saturating_add(LEAST_SELECTED)
    }

    /// How many rows a search meets, on average, before it has met so many results.
    fn rows_met(&self, results: usize) -> usize {
        (results as f64 * self.vectors_per_product()).ceil() as usize
    }

    /// How many distinct vectors a search meets, on average, before it has met another product.
    fn vectors_per_product(&self) -> f64 {
        let nodes = self.segments().iter().map(|s| u64::from(s.meta().nodes()));
        let vectors = self.images().min(nodes.sum());
        let average = vectors as f64 / self.products().max(1) as f64;
        average.clamp(1.0, MOST_PER_PRODUCT)
    }
}

/// Candidates that a walk over a segment's graph needs to find enough.
pub(super) fn needed(segment: &Segment) -> usize {
    segment.body().candidates().unwrap_or(LEAST_EF)
}

/// Whether a segment has a graph, and walking it with `ef` candidates, or as many as it needs, is quicker
/// than looking at every node.
pub(super) fn is_walked(segment: &Segment, ef: usize) -> bool {
    let ef = ef.max(needed(segment));
    graph_search::is_quicker(ef, segment.meta().nodes()) && segment.body().graph().is_some()
}

/// How far a walk for `ef` selected nodes goes, if it is quicker than looking at all of those.
pub(super) fn reach_among(segment: &Segment, selected: &Selected, ef: usize) -> Option<Reach> {
    let count = selected.node_count() as usize;
    if segment.body().graph().is_none() || count < ef {
        return None;
    }
    let any = candidates_among(segment, selected, ef);
    let is_quicker = any.saturating_mul(NODES_PER_CANDIDATE) < count;
    is_quicker.then_some(Reach {
        live: ef,
        any: needed(segment),
        most: count / SELECTED_PER_WALKED,
    })
}

/// About how many nodes are met for `ef` selected ones.
fn candidates_among(segment: &Segment, selected: &Selected, ef: usize) -> usize {
    let (count, nodes) = (
        selected.node_count() as usize,
        segment.meta().nodes() as usize,
    );
    let met = ef.saturating_mul(nodes) / count.max(1);
    met.max(needed(segment))
}

/// With about how many nodes a query is compared at first.
pub(super) fn comparisons(segment: &Segment, selected: Option<&Selected>, ef: usize) -> usize {
    let nodes = segment.meta().nodes() as usize;
    let walked = |candidates: usize| candidates.saturating_mul(NODES_PER_CANDIDATE);
    match selected {
        Some(selected) if reach_among(segment, selected, ef).is_some() => {
            walked(candidates_among(segment, selected, ef))
        }
        Some(selected) => selected.node_count() as usize,
        None if is_walked(segment, ef) => walked(ef.max(needed(segment))),
        None => nodes,
    }
}
