//! The beam of a walk: the best nodes so far, and those to visit next.
//!
//! A walk waits for memory more than for arithmetic. So the links of a node are examined together: the new ones are
//! collected first, their vectors prefetched, and scored when they arrive.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::bits::Bits;
use crate::quantization::Query;
use crate::scored::ScoredNode;
use crate::segment::{GraphView, SegmentBody};

/// Number of nodes of the sample at which a walk starts.
const ENTRIES: usize = 32;

/// Limits of a walk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BeamLimits {
    /// Number of accepted nodes that are kept. The walk ends when no remaining node can be better
    /// than the worst of them.
    pub(crate) accepted: usize,
    /// Number of nodes, accepted or not, that are kept likewise: the walk also ends when no
    /// remaining node can be better than the worst of these. 0 if only accepted ones count.
    pub(crate) any: usize,
    /// Maximum number of nodes that are compared. A walk that would take more is on the wrong way
    /// and finds nothing.
    pub(crate) max_visited: usize,
}

impl BeamLimits {
    /// Returns the limits of a walk that keeps the best `ef` accepted nodes.
    pub(super) fn ef(ef: usize) -> Self {
        Self {
            accepted: ef,
            any: 0,
            max_visited: usize::MAX,
        }
    }

    /// True if nodes that are not accepted count too.
    fn counts_all(self) -> bool {
        self.any > 0
    }
}

/// The memory of a walk, kept from one walk of a thread to the next.
#[derive(Default)]
pub(super) struct SearchScratch {
    pub(super) visited: Bits,
    /// Nodes that were seen and not visited yet.
    open: BinaryHeap<ScoredNode>,
    /// The best accepted nodes.
    found: BinaryHeap<Reverse<ScoredNode>>,
    /// The best nodes, accepted or not, if all are counted.
    near: BinaryHeap<Reverse<ScoredNode>>,
    /// Every node that was met and not left out, if all are counted.
    pub(super) met: Vec<ScoredNode>,
    /// The new links of one node.
    new: Vec<u32>,
    scores: Vec<ScoredNode>,
}

impl SearchScratch {
    /// Compares the query with the first `sample` nodes.
    pub(super) fn compare_sample(&mut self, body: &SegmentBody, query: &Query, sample: u32) {
        self.scores.clear();
        let sample = (0..sample).filter(|&node| !self.visited.contains(node));
        self.scores
            .extend(sample.map(|node| body.approximate(query, node)));
    }

    /// Estimates from the sample how many of all nodes are nearer than the nearest accepted one.
    pub(super) fn nearer_than_accepted(&self, nodes: u32, accepts: impl Fn(u32) -> bool) -> usize {
        let accepted = self.scores.iter().filter(|scored| accepts(scored.node()));
        let nearest = accepted.max();
        let nearer = self.scores.iter().filter(|&scored| Some(scored) > nearest);
        nearer.count() * (nodes as usize / self.scores.len().max(1))
    }

    /// Starts the walk at the nodes of the sample that are most similar to the query, at `start` if
    /// there is one, and at node 0. A graph can consist of several parts, and only node 0 is
    /// certain to lead to all of them.
    ///
    /// The upper layers would lead to only one of these entries, in many steps through scattered
    /// memory. In a catalog whose categories lie far apart, that entry is often one from which the
    /// best nodes cannot be reached. The sample is contiguous in memory.
    pub(super) fn enter(&mut self, body: &SegmentBody, query: &Query, start: Option<u32>) {
        self.open.clear();
        self.found.clear();
        self.near.clear();
        self.met.clear();
        let entries = ENTRIES.min(self.scores.len());
        if entries < self.scores.len() {
            self.scores.select_nth_unstable_by(entries, |a, b| b.cmp(a));
        }
        self.scores.truncate(entries);
        for node in [Some(0), start].into_iter().flatten() {
            let scored = body.approximate(query, node);
            if !self.visited.contains(node) && !self.scores.contains(&scored) {
                self.scores.push(scored);
            }
        }
    }

    /// Visits nodes, best first, until none can improve the accepted ones; returns these, best
    /// first.
    pub(super) fn walk(
        &mut self,
        body: &SegmentBody,
        graph: &GraphView,
        query: &Query,
        limits: BeamLimits,
        accepts: impl Fn(u32) -> bool,
    ) -> Vec<ScoredNode> {
        self.take_entries(limits, &accepts);
        let mut left = limits.max_visited;
        while let Some(next) = self.open.pop() {
            if is_beyond(next, &self.found, limits.accepted)
                && is_beyond(next, &self.near, limits.any)
            {
                break;
            }
            // The best node is usually also the next one, unless this node leads to a better one.
            if let Some(then) = self.open.peek() {
                graph.prefetch_links(then.node());
            }
            self.new.clear();
            let visited = &mut self.visited;
            graph.links(next.node(), &mut self.new, |node| visited.insert(node));
            let Some(rest) = left.checked_sub(self.new.len()) else {
                return Vec::new();
            };
            left = rest;
            body.approximate_of(query, &self.new, &mut self.scores);
            for &candidate in &self.scores {
                let is_better = !is_beyond(candidate, &self.found, limits.accepted);
                if !is_better && is_beyond(candidate, &self.near, limits.any) {
                    continue;
                }
                graph.prefetch_start(candidate.node());
                self.open.push(candidate);
                if limits.counts_all() {
                    keep(candidate, &mut self.near, limits.any);
                    self.met.push(candidate);
                }
                if is_better && accepts(candidate.node()) {
                    keep(candidate, &mut self.found, limits.accepted);
                }
            }
        }
        let mut found: Vec<ScoredNode> = self.found.drain().map(|scored| scored.0).collect();
        found.sort_unstable_by(|a, b| b.cmp(a));
        // There may be more entries than the limit.
        found.truncate(limits.accepted);
        found
    }

    fn take_entries(&mut self, limits: BeamLimits, accepts: impl Fn(u32) -> bool) {
        for &entry in &self.scores {
            self.visited.insert(entry.node());
            self.open.push(entry);
            if limits.counts_all() {
                self.near.push(Reverse(entry));
                self.met.push(entry);
            }
            if accepts(entry.node()) {
                self.found.push(Reverse(entry));
            }
        }
    }

    /// Returns the worst of the best nodes, accepted or not.
    pub(super) fn worst_near(&self) -> Option<ScoredNode> {
        self.near.peek().map(|worst| worst.0)
    }
}

/// True if the heap holds `max` nodes, and each is better than the candidate.
#[inline]
fn is_beyond(candidate: ScoredNode, heap: &BinaryHeap<Reverse<ScoredNode>>, max: usize) -> bool {
    heap.len() >= max && heap.peek().is_none_or(|worst| candidate < worst.0)
}

/// Adds a candidate to a heap; if it holds `max` already, the candidate replaces the worst one if
/// it is better.
#[inline]
fn keep(candidate: ScoredNode, heap: &mut BinaryHeap<Reverse<ScoredNode>>, max: usize) {
    if heap.len() < max {
        heap.push(Reverse(candidate));
    } else if let Some(mut worst) = heap.peek_mut()
        && worst.0 < candidate
    {
        *worst = Reverse(candidate);
    }
}
