//! Which nodes are to be ranked: by walking a graph, or by looking at every node.

use super::Search;
use super::ways::{WalkForFew, Width, is_walked};
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
    /// The about `ef` best nodes that are admitted, by coarse score. `None` when they could not be walked to
    /// as foreseen, and looking at every node is more than this search may do.
    pub(super) fn candidates(&self, width: Width, may_walk: bool) -> Option<Candidates> {
        let mut candidates = Candidates {
            found: Vec::with_capacity(2 * width.ef.min(self.snapshot.images() as usize)),
            left_out: f32::NEG_INFINITY,
            walked: false,
        };
        let mut most = width.ef;
        for place in 0..self.snapshot.segments().len() {
            let way = self.way(place, width);
            let walked = way.filter(|_| may_walk).map(|way| self.walk(place, way));
            let found = match walked {
                Some(Some(found)) => {
                    candidates.walked = true;
                    most = most.max(found.len());
                    found
                }
                // A walk that comes out short says nothing of what it did not reach.
                Some(None) if self.compared(place) > self.most_compared => return None,
                Some(None) | None => {
                    let (found, left_out) = self.scan(place, width.ef);
                    candidates.left_out = candidates.left_out.max(left_out);
                    found
                }
            };
            let found = found.into_iter().map(|scored| (place, scored));
            candidates.found.extend(found);
        }
        candidates.sort_and_cut(most);
        Some(candidates)
    }

    /// How a segment's graph is walked, if it is.
    fn way(&self, place: usize, width: Width) -> Option<Walk> {
        let segment = &self.snapshot.segments()[place];
        match self.admission.selected(place) {
            Some(selected) => {
                WalkForFew::new(segment, selected, width).map(|walk| Walk::ForFew(walk, width.rows))
            }
            None => is_walked(segment, width.ef).then_some(Walk::ForAny(width.ef)),
        }
    }

    /// Nodes that a walk over a segment's graph finds; `None` when it comes out short.
    fn walk(&self, place: usize, walk: Walk) -> Option<Vec<Scored>> {
        let segment = &self.snapshot.segments()[place];
        let (body, nodes) = (segment.body(), segment.meta().nodes());
        let query = self.query.along(body.axes());
        let is_admitted = |node| self.admission.admits_node(place, node);
        match walk {
            Walk::ForAny(ef) => {
                let found = match self.request.stored.filter(|at| at.segment == place) {
                    Some(at) => {
                        let start = segment.meta().node_of(at.row);
                        graph_search::nearest_from(body, query, nodes, ef, start, is_admitted)
                    }
                    None => graph_search::nearest(body, query, nodes, ef, is_admitted),
                };
                (found.len() == ef).then_some(found)
            }
            Walk::ForFew(walk, rows) => {
                let reach = walk.reach;
                graph_search::nearest_of_few(body, query, nodes, reach, rows, is_admitted)
                    .filter(|few| walk.is_enough(few))
                    .map(|few| few.found)
            }
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

    /// Nodes that are compared when all are.
    fn compared(&self, place: usize) -> usize {
        let nodes = match self.admission.selected(place) {
            Some(selected) => selected.node_count(),
            None => self.snapshot.segments()[place].meta().nodes(),
        };
        nodes as usize
    }
}

/// How a graph is walked: for so many of any nodes, or for few of all, of which so many are relied on.
enum Walk {
    ForAny(usize),
    ForFew(WalkForFew, usize),
}

impl Candidates {
    /// Coarse score of the worst of them.
    pub(super) fn worst(&self) -> f32 {
        let last = self.found.last();
        last.map_or(f32::NEG_INFINITY, |(_, scored)| scored.score())
    }

    /// Puts the candidates of all segments in order, best first, and keeps the best `most`.
    fn sort_and_cut(&mut self, most: usize) {
        // Quick where there is but one segment, whose candidates are in order.
        self.found.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        if self.found.len() > most {
            self.left_out = self.left_out.max(self.found[most].1.score());
            self.found.truncate(most);
        }
    }
}
