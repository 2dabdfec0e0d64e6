//! How a segment is searched: by walking its graph, or by comparing with every node, or with those alone
//! that are selected. What is quickest follows from how many nodes there are, and how many are selected.

use crate::graph_search::{self, FewFound, NODES_PER_CANDIDATE, Reach};
use crate::segment::Segment;
use crate::selection::Selected;
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
/// Looking at so many nodes in a row takes as long as one more candidate of a walk for few of all, which has
/// hundreds: measured were 17 to 36.
const NODES_PER_CANDIDATE_OF_FEW: f64 = 24.0;
/// Looking at a node that stands alone takes longer by so many in a row: it comes from memory in its own time.
const NODES_PER_RUN: f64 = 1.2;
/// Nodes that a walk looks at for a candidate: with as many as 12, one in a hundred walks was given up that would
/// have found everything, with 24 none.
const LOOKED_AT: usize = 16;
/// Selected nodes that a walk keeps for every row that is relied on, and besides. Where they lie among the
/// others by chance, more others may lie between the first than between the rest.
const KEPT_PER_ROW: usize = PER_ROW + 1;
const KEPT_BESIDES: usize = 8;

/// How much is looked for in one round.
#[derive(Debug, Clone, Copy)]
pub(super) struct Width {
    /// Candidates.
    pub(super) ef: usize,
    /// Rows of which none must be missed: those that are met before the results are.
    pub(super) rows: usize,
}

impl Width {
    pub(super) fn wider(self, factor: usize) -> Self {
        Self {
            ef: self.ef.saturating_mul(factor),
            rows: self.rows.saturating_mul(factor),
        }
    }
}

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

    /// How many rows a search meets, on average, before it has met so many results.
    pub(super) fn rows_met(&self, results: usize) -> usize {
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

/// A walk for the few of a segment's nodes that are selected.
#[derive(Debug, Clone, Copy)]
pub(super) struct WalkForFew {
    pub(super) reach: Reach,
    /// Candidates that it has if selected nodes lie among the others by chance.
    candidates: usize,
    needed: usize,
}

impl WalkForFew {
    /// The walk, if it is quicker than looking at all nodes that are selected.
    ///
    /// The best selected nodes are as surely found as all that are as good: that takes the more candidates
    /// the more these are. Where every twentieth is selected, the best ten are to be looked for among two
    /// hundred.
    pub(super) fn new(segment: &Segment, selected: &Selected, width: Width) -> Option<Self> {
        segment.body().graph()?;
        let needed = needed(segment);
        let count = selected.node_count() as usize;
        let share = count as f64 / f64::from(segment.meta().nodes());
        let own = (needed as f64 * share).ceil() as usize;
        let live = width.rows.saturating_mul(KEPT_PER_ROW);
        let live = live.saturating_add(own + KEPT_BESIDES);
        if live >= count {
            return None;
        }
        let candidates = needed.max((live as f64 / share) as usize);
        let walk = Self {
            reach: Reach {
                live,
                any: needed,
                most: candidates.saturating_mul(LOOKED_AT),
            },
            candidates,
            needed,
        };
        // What stands side by side is alike. A query is then more often far from all of it, and the walk in
        // vain.
        let scattered = f64::from(selected.runs()) / (count as f64 * (1.0 - share)).max(1.0);
        let risk = 1.0 + 2.0 * (1.0 - scattered.min(1.0));
        (walk.cost() * risk < scan_cost(selected)).then_some(walk)
    }

    fn cost(&self) -> f64 {
        self.candidates as f64 * NODES_PER_CANDIDATE_OF_FEW
    }

    /// Whether as many nodes were met as it takes for none of the first to be missed. Where those that are
    /// selected all lie far from the query, nearly as many were met before the first as before the last, and
    /// there may be others that are as far.
    pub(super) fn is_enough(&self, few: &FewFound) -> bool {
        let further = few.met_before.saturating_sub(MEASURED_FOR);
        few.met >= self.needed.saturating_add(further.saturating_mul(PER_ROW))
    }
}

/// How long looking at what is selected takes, in nodes that are looked at in a row.
fn scan_cost(selected: &Selected) -> f64 {
    f64::from(selected.node_count()) + NODES_PER_RUN * f64::from(selected.runs())
}

/// With about how many nodes a query is compared at first.
pub(super) fn comparisons(segment: &Segment, selected: Option<&Selected>, width: Width) -> usize {
    match selected {
        Some(selected) => match WalkForFew::new(segment, selected, width) {
            Some(walk) => walk.cost() as usize,
            None => scan_cost(selected) as usize,
        },
        None if is_walked(segment, width.ef) => width
            .ef
            .max(needed(segment))
            .saturating_mul(NODES_PER_CANDIDATE),
        None => segment.meta().nodes() as usize,
    }
}
