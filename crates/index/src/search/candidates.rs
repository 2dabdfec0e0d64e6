//! Which nodes are to be ranked: by walking a graph, or by looking at every node.

use crate::graph_search::{self, NODES_PER_CANDIDATE};
use crate::query::QueryForms;
use crate::scan;
use crate::scored::Scored;
use crate::segment::Segment;
use crate::snapshot::Snapshot;
use crate::view::Location;

/// Best rows for which it was measured how many candidates a graph must be asked for.
const MEASURED_FOR: usize = 10;
/// Candidates that are asked for where that was not measured.
const LEAST_EF: usize = 96;
/// Candidates by which more are asked for with every further row that is wanted.
const PER_ROW: usize = 2;
/// By how much fewer are enough for a row that the walk begins at, and the least number: the walk need not find
/// the way to it, and what was measured is for rows moved away from their neighbours, with a reserve. With 40
/// to 112 candidates such rows find the same, within .001, of 20,000 and of 100,000 embeddings of photos.
const MORE_THAN_STORED: usize = 4;
const LEAST_STORED: usize = 40;
/// Most pictures that a product is taken to have. Where an average is more, a few products may have
/// nearly all pictures, and the rest one each.
const MOST_PER_PRODUCT: f64 = 16.0;

/// Live nodes to be ranked.
pub(super) struct Candidates {
    /// Segment and node.
    pub(super) found: Vec<(usize, Scored)>,
    /// Coarse score that no node surpasses which was looked at and left out.
    pub(super) left_out: f32,
    /// Whether part of them comes from walking a graph.
    pub(super) walked: bool,
}

impl Snapshot {
    /// Candidates that are asked for first: as many as the graph in use needs, more the more products are
    /// wanted, and enough to meet these where several rows show each.
    pub(super) fn first_ef(&self, products: usize, stored: Option<Location>) -> usize {
        let walked = self.segments().iter().filter(|s| is_walked(s, 0));
        let least = walked.map(needed).max().unwrap_or(LEAST_EF);
        // One that lies beside the graph is no place to begin.
        let least = match stored.is_some_and(|at| is_walked(&self.segments()[at.segment], 0)) {
            true => (least / MORE_THAN_STORED).max(LEAST_STORED),
            false => least,
        };
        let more = products.saturating_sub(MEASURED_FOR);
        let rows = (products as f64 * self.vectors_per_product()).ceil() as usize;
        least
            .saturating_add(more.saturating_mul(PER_ROW))
            .max(rows.saturating_mul(PER_ROW))
    }

    /// How many distinct vectors a search meets, on average, before it has met another product.
    fn vectors_per_product(&self) -> f64 {
        let nodes = self.segments().iter().map(|s| u64::from(s.meta().nodes()));
        let vectors = self.images().min(nodes.sum());
        let average = vectors as f64 / self.products().max(1) as f64;
        average.clamp(1.0, MOST_PER_PRODUCT)
    }

    /// The about `ef` best live nodes by coarse score.
    pub(super) fn candidates(
        &self,
        query: &QueryForms,
        ef: usize,
        may_walk: bool,
        stored: Option<Location>,
    ) -> Candidates {
        let mut candidates = Candidates {
            found: Vec::with_capacity(2 * ef.min(self.images() as usize)),
            left_out: f32::NEG_INFINITY,
            walked: false,
        };
        for (place, segment) in self.segments().iter().enumerate() {
            let (meta, body) = (segment.meta(), segment.body());
            let query = query.along(body.axes());
            let is_live = |node: u32| {
                meta.rows_of_node(node)
                    .any(|row| self.view().is_live(place, row))
            };
            let nodes = meta.nodes();
            let walked = if may_walk && is_walked(segment, ef) {
                match stored.filter(|at| at.segment == place) {
                    Some(at) => {
                        let start = meta.node_of(at.row);
                        graph_search::nearest_from(body, query, nodes, ef, start, is_live)
                    }
                    None => graph_search::nearest(body, query, nodes, ef, is_live),
                }
            } else {
                Vec::new()
            };
            // A walk that comes out short says nothing of what it did not reach.
            let found = if walked.len() == ef {
                candidates.walked = true;
                walked
            } else {
                let (found, left_out) = scan::nearest(body, query, nodes, ef, is_live);
                candidates.left_out = candidates.left_out.max(left_out);
                found
            };
            let found = found.into_iter().map(|scored| (place, scored));
            candidates.found.extend(found);
        }
        candidates.sort_and_cut(ef);
        candidates
    }
}

impl Candidates {
    /// Coarse score of the worst of them.
    pub(super) fn worst(&self) -> f32 {
        let last = self.found.last();
        last.map_or(f32::NEG_INFINITY, |(_, scored)| scored.score())
    }

    /// Puts the candidates of all segments in order, best first, and keeps the `ef` best.
    fn sort_and_cut(&mut self, ef: usize) {
        // Quick where there is but one segment, whose candidates are in order.
        self.found.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        if self.found.len() > ef {
            self.left_out = self.left_out.max(self.found[ef].1.score());
            self.found.truncate(ef);
        }
    }
}

/// With about how many nodes a query is compared at first.
pub(super) fn comparisons(segment: &Segment, ef: usize) -> usize {
    match is_walked(segment, ef) {
        true => ef.max(needed(segment)).saturating_mul(NODES_PER_CANDIDATE),
        false => segment.meta().nodes() as usize,
    }
}

/// Candidates that a walk over a segment's graph needs to find enough.
fn needed(segment: &Segment) -> usize {
    segment.body().candidates().unwrap_or(LEAST_EF)
}

/// Whether a segment has a graph, and walking it with `ef` candidates, or as many as it needs, is quicker
/// than looking at every node.
pub(super) fn is_walked(segment: &Segment, ef: usize) -> bool {
    let ef = ef.max(needed(segment));
    graph_search::is_quicker(ef, segment.meta().nodes()) && segment.body().graph().is_some()
}
