//! Which nodes are to be ranked: by walking a graph, or by looking at every node.

use super::Search;
use super::ways::{is_walked, reach_among};
use crate::graph_search;
use crate::scan;
use crate::scored::Scored;

/// Live nodes to be ranked.
pub(super) struct Candidates {
    /// Segment and node.
    pub(super) found: Vec<(usize, Scored)>,
    /// Coarse score that no node surpasses which was looked at and left out.
    pub(super) left_out: f32,
    /// Whether part of them comes from walking a graph.
    pub(super) walked: bool,
}

impl Search<'_> {
    /// The about `ef` best nodes that are admitted, by coarse score.
    pub(super) fn candidates(&self, ef: usize, may_walk: bool) -> Candidates {
        let mut candidates = Candidates {
            found: Vec::with_capacity(2 * ef.min(self.snapshot.images() as usize)),
            left_out: f32::NEG_INFINITY,
            walked: false,
        };
        for place in 0..self.snapshot.segments().len() {
            let walked = if may_walk {
                self.walk(place, ef)
            } else {
                Vec::new()
            };
            // A walk that comes out short says nothing of what it did not reach.
            let found = if walked.len() == ef {
                candidates.walked = true;
                walked
            } else {
                let (found, left_out) = self.scan(place, ef);
                candidates.left_out = candidates.left_out.max(left_out);
                found
            };
            let found = found.into_iter().map(|scored| (place, scored));
            candidates.found.extend(found);
        }
        candidates.sort_and_cut(ef);
        candidates
    }

    /// Nodes that a walk over a segment's graph finds; too few where a scan is quicker.
    fn walk(&self, place: usize, ef: usize) -> Vec<Scored> {
        let segment = &self.snapshot.segments()[place];
        let (body, nodes) = (segment.body(), segment.meta().nodes());
        let query = self.query.along(body.axes());
        let is_admitted = |node| self.admission.admits_node(place, node);
        match self.admission.selected(place) {
            Some(selected) => match reach_among(segment, selected, ef) {
                Some(reach) => graph_search::nearest_of_few(body, query, nodes, reach, is_admitted),
                None => Vec::new(),
            },
            None if is_walked(segment, ef) => {
                match self.request.stored.filter(|at| at.segment == place) {
                    Some(at) => {
                        let start = segment.meta().node_of(at.row);
                        graph_search::nearest_from(body, query, nodes, ef, start, is_admitted)
                    }
                    None => graph_search::nearest(body, query, nodes, ef, is_admitted),
                }
            }
            None => Vec::new(),
        }
    }

    fn scan(&self, place: usize, ef: usize) -> (Vec<Scored>, f32) {
        let segment = &self.snapshot.segments()[place];
        let (body, nodes) = (segment.body(), segment.meta().nodes());
        let query = self.query.along(body.axes());
        let is_admitted = |node| self.admission.admits_node(place, node);
        match self.admission.selected(place) {
            Some(selected) => scan::nearest_of(body, query, selected.nodes(), ef, is_admitted),
            None => scan::nearest(body, query, nodes, ef, is_admitted),
        }
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
