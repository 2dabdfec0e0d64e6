//! Collecting the nodes to rank, by walking graphs and by scans.

use super::context::Search;
use super::planner::{FilteredWalkPlan, SearchBudget, is_walked};
use crate::hnsw::search;
use crate::scan;
use crate::scored::ScoredNode;

/// Nodes to rank.
pub(super) struct Candidates {
    /// Segment and node, best first.
    pub(super) found: Vec<(usize, ScoredNode)>,
    /// Upper bound of the coarse scores of compared nodes that were left out.
    pub(super) left_out: f32,
    /// True if some of them come from walking a graph.
    pub(super) walked: bool,
}

impl Search<'_> {
    /// Collects about the `ef` best admitted nodes by coarse score. `None` if a walk came out
    /// short, and the scan that would replace it is more than this search may do.
    pub(super) fn candidates(&self, budget: SearchBudget, may_walk: bool) -> Option<Candidates> {
        let mut candidates = Candidates {
            found: Vec::with_capacity(2 * budget.ef.min(self.snapshot.images() as usize)),
            left_out: f32::NEG_INFINITY,
            walked: false,
        };
        let mut max = budget.ef;
        for segment_index in 0..self.snapshot.segments().len() {
            let plan = self.plan_walk(segment_index, budget).filter(|_| may_walk);
            let walked = plan.map(|plan| self.walk(segment_index, plan));
            let found = match walked {
                Some(Some(found)) => {
                    candidates.walked = true;
                    max = max.max(found.len());
                    found
                }
                // A walk that comes out short proves nothing about the nodes that it did not reach.
                Some(None) if self.scanned_nodes(segment_index) > self.max_compared => return None,
                Some(None) | None => {
                    let (found, left_out) = self.scan(segment_index, budget.ef);
                    candidates.left_out = candidates.left_out.max(left_out);
                    found
                }
            };
            let found = found.into_iter().map(|scored| (segment_index, scored));
            candidates.found.extend(found);
        }
        candidates.sort_and_cut(max);
        Some(candidates)
    }

    /// Plans the walk over a segment's graph; `None` if a scan is faster.
    fn plan_walk(&self, segment_index: usize, budget: SearchBudget) -> Option<WalkPlan> {
        let segment = &self.snapshot.segments()[segment_index];
        match self.row_filter.selected(segment_index) {
            Some(selected) => {
                let plan = FilteredWalkPlan::new(segment, selected, budget)?;
                Some(WalkPlan::Filtered(plan, budget.rows))
            }
            None => is_walked(segment, budget.ef).then_some(WalkPlan::All(budget.ef)),
        }
    }

    /// Walks a segment's graph; `None` if the walk comes out short.
    fn walk(&self, segment_index: usize, plan: WalkPlan) -> Option<Vec<ScoredNode>> {
        let segment = &self.snapshot.segments()[segment_index];
        let (body, nodes) = (segment.body(), segment.meta().nodes());
        let query = self.query.in_basis(body.basis());
        let admits = |node| self.row_filter.admits_node(segment_index, node);
        match plan {
            WalkPlan::All(ef) => {
                let stored = self.request.stored;
                let found = match stored.filter(|address| address.segment == segment_index) {
                    Some(address) => {
                        let start = segment.meta().node_of(address.row);
                        search::search_from(body, query, nodes, ef, start, admits)
                    }
                    None => search::search(body, query, nodes, ef, admits),
                };
                (found.len() == ef).then_some(found)
            }
            WalkPlan::Filtered(plan, rows) => {
                search::search_filtered(body, query, nodes, plan.limits, rows, admits)
                    .filter(|result| plan.is_enough(result))
                    .map(|result| result.found)
            }
        }
    }

    fn scan(&self, segment_index: usize, ef: usize) -> (Vec<ScoredNode>, f32) {
        let segment = &self.snapshot.segments()[segment_index];
        let (body, nodes) = (segment.body(), segment.meta().nodes());
        let query = self.query.in_basis(body.basis());
        let admits = |node| self.row_filter.admits_node(segment_index, node);
        match self.row_filter.selected(segment_index) {
            Some(selected) => scan::nearest_of(body, query, selected.nodes(), ef, admits),
            None => scan::nearest(body, query, nodes, ef, admits),
        }
    }

    /// Returns the number of nodes that a scan compares.
    fn scanned_nodes(&self, segment_index: usize) -> usize {
        let nodes = match self.row_filter.selected(segment_index) {
            Some(selected) => selected.node_count(),
            None => self.snapshot.segments()[segment_index].meta().nodes(),
        };
        nodes as usize
    }
}

/// Plan of a walk over a graph.
enum WalkPlan {
    /// Searches all nodes, with this number of candidates.
    All(usize),
    /// Searches selected nodes; none of this number of best rows may be missed.
    Filtered(FilteredWalkPlan, usize),
}

impl Candidates {
    /// Returns the coarse score of the worst candidate.
    pub(super) fn worst(&self) -> f32 {
        let last = self.found.last();
        last.map_or(f32::NEG_INFINITY, |(_, scored)| scored.score())
    }

    /// Sorts the candidates of all segments, best first, and keeps the best `max`.
    fn sort_and_cut(&mut self, max: usize) {
        // Fast if there is only one segment, whose candidates are in order.
        self.found.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        if self.found.len() > max {
            self.left_out = self.left_out.max(self.found[max].1.score());
            self.found.truncate(max);
        }
    }
}
