//! Walking the graph (algorithm 2 and 5 of Malkov and Yashunin 2016) over links and coarse vectors
//! as they lie in the segment.
//!
//! A walk begins at the best few of a sample that is looked at whole, and at node 0, from which every node
//! can be reached; it goes on over the links of the bottom layer.
//!
//! A walk waits for memory more than for arithmetic. So the links of a node are looked at together:
//! those that are new are collected first, their vectors asked for, and scored when they arrive.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::bits::Bits;
use crate::query::Query;
use crate::scored::Scored;
use crate::segment::{GraphView, SegmentBody};

/// Nodes of the sample at which a walk begins.
const ENTRIES: usize = 32;
/// Times the square root of the number of nodes: how many are looked at to find those.
const SAMPLE: usize = 4;

/// What a walk needs to remember, kept from one to the next of a thread.
#[derive(Default)]
struct Memory {
    visited: Bits,
    /// Seen, and not yet looked at.
    open: BinaryHeap<Scored>,
    /// The best live nodes.
    found: BinaryHeap<Reverse<Scored>>,
    /// The best nodes, live or not, where that matters.
    near: BinaryHeap<Reverse<Scored>>,
    /// Every node that was met and not left out, where that matters.
    met: Vec<Scored>,
    /// The links of one node that are new.
    new: Vec<u32>,
    scores: Vec<Scored>,
}

/// Looking at so many nodes in a row takes as long as one more candidate of a walk.
pub(crate) const NODES_PER_CANDIDATE: usize = 64;

/// Whether a walk with so many candidates is quicker than looking at every node.
pub(crate) fn is_quicker(candidates: usize, nodes: u32) -> bool {
    candidates.saturating_mul(NODES_PER_CANDIDATE) < nodes as usize
}

/// A walk for few does not begin where, as the sample has it, more nodes are nearer than the first that is wanted
/// than one in so many of those that it may look at: it would be in vain. Where a quarter of 100,000 photos are of one
/// category, and most queries of others, searches take half as long.
const FAR: usize = 4;

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::default();
}

/// How far a walk goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    /// Live nodes that are kept. The walk goes on until nothing that is left can be better than the worst of
    /// so many.
    pub(crate) live: usize,
    /// Nor better than the worst of so many nodes, live or not.
    pub(crate) any: usize,
    /// Nodes that may be looked at. A walk that would take more has lost its way.
    pub(crate) most: usize,
}

impl Reach {
    /// As far as the best `ef` live nodes lead.
    fn of(ef: usize) -> Self {
        Self {
            live: ef,
            any: 0,
            most: usize::MAX,
        }
    }
}

/// The about `ef` live nodes most similar to the query, best first. Dead ones are walked through but
/// take no place among the `ef`, or a removed group of look-alikes would hide what lies behind it.
pub(crate) fn nearest(
    body: &SegmentBody,
    query: &Query,
    nodes: u32,
    ef: usize,
    is_live: impl Fn(u32) -> bool,
) -> Vec<Scored> {
    walk(body, query, nodes, Reach::of(ef), Way::default(), is_live)
}

/// The same where the query is the vector of the node `start`, which lies amid what is looked for.
pub(crate) fn nearest_from(
    body: &SegmentBody,
    query: &Query,
    nodes: u32,
    ef: usize,
    start: u32,
    is_live: impl Fn(u32) -> bool,
) -> Vec<Scored> {
    let way = Way {
        start: Some(start),
        ..Way::default()
    };
    walk(body, query, nodes, Reach::of(ef), way, is_live)
}

/// What a walk for few of all nodes came to.
#[derive(Debug)]
pub(crate) struct FewFound {
    /// The most similar of those that are wanted, best first.
    pub(crate) found: Vec<Scored>,
    /// How many nodes, wanted or not, were met that are as good as the worst up to which the walk went.
    pub(crate) met: usize,
    /// How many of these are as good as the last of the first `rows` that were found.
    pub(crate) met_before: usize,
}

/// The most similar of nodes that may be few of all. Others are walked through. `None` when that takes more
/// than it may.
pub(crate) fn nearest_of_few(
    body: &SegmentBody,
    query: &Query,
    nodes: u32,
    reach: Reach,
    rows: usize,
    is_wanted: impl Fn(u32) -> bool,
) -> Option<FewFound> {
    let found = walk(body, query, nodes, reach, Way::default(), is_wanted);
    let (last, relied_on) = (found.last()?, found.get(rows.checked_sub(1)?)?);
    if found.len() < reach.live {
        return None;
    }
    let (met, met_before) = MEMORY.with_borrow(|memory| {
        let near = memory.near.peek().map_or(*last, |worst| worst.0);
        let bound = near.min(*last);
        let met = |bound| memory.met.iter().filter(|&&node| node >= bound).count();
        (met(bound), met(*relied_on))
    });
    Some(FewFound {
        found,
        met,
        met_before,
    })
}

/// The about `ef` nodes most similar to the query, as if the graph had not the node `without`.
pub(crate) fn nearest_without(
    body: &SegmentBody,
    query: &Query,
    nodes: u32,
    ef: usize,
    without: u32,
) -> Vec<Scored> {
    let way = Way {
        without: Some(without),
        ..Way::default()
    };
    walk(body, query, nodes, Reach::of(ef), way, |_| true)
}

/// What is special about a walk.
#[derive(Clone, Copy, Default)]
struct Way {
    /// A node that is not stepped on.
    without: Option<u32>,
    /// A node to begin at besides the best of the sample, which may be smaller then: it is there for what the
    /// node's links do not lead to.
    start: Option<u32>,
}

fn walk(
    body: &SegmentBody,
    query: &Query,
    nodes: u32,
    reach: Reach,
    way: Way,
    is_live: impl Fn(u32) -> bool,
) -> Vec<Scored> {
    let Some(graph) = body.graph().filter(|_| nodes > 0) else {
        return Vec::new();
    };
    MEMORY.with_borrow_mut(|memory| {
        memory.visited.clear(nodes);
        if let Some(without) = way.without {
            memory.visited.insert(without);
        }
        let sample = match way.start {
            None => sample(graph.layers(), nodes),
            Some(_) => sample(graph.layers(), nodes) / SAMPLE as u32,
        };
        memory.look_at(body, query, sample);
        if reach.any > 0 && memory.nearer_than_live(nodes, &is_live) > reach.most / FAR {
            return Vec::new();
        }
        memory.enter(body, query, way.start);
        memory.beam(body, graph, query, reach, is_live)
    })
}

/// How many of the first nodes are looked at to find where to begin. The nodes of each layer are a fair
/// sample of all, so the number must be that of a layer.
fn sample(layers: &[usize], nodes: u32) -> u32 {
    let most = SAMPLE * (nodes as usize).isqrt();
    let fits = layers.iter().find(|&&covered| covered <= most);
    fits.map_or(1, |&covered| covered as u32)
}

impl Memory {
    /// Compares the query with the sample.
    fn look_at(&mut self, body: &SegmentBody, query: &Query, sample: u32) {
        self.scores.clear();
        let sample = (0..sample).filter(|&node| !self.visited.contains(node));
        self.scores
            .extend(sample.map(|node| body.approximate(query, node)));
    }

    /// About how many of all nodes are nearer than the nearest live one, as the sample has it.
    fn nearer_than_live(&self, nodes: u32, is_live: impl Fn(u32) -> bool) -> usize {
        let live = self.scores.iter().filter(|scored| is_live(scored.node()));
        let nearest = live.max();
        let nearer = self.scores.iter().filter(|&scored| Some(scored) > nearest);
        nearer.count() * (nodes as usize / self.scores.len().max(1))
    }

    /// Begins the walk at the nodes of the sample that are most similar to the query, at `start` if there is
    /// one, and at node 0: of a graph in pieces, which no builder excludes, it alone is sure to lead everywhere.
    ///
    /// The upper layers would lead to one of them only, by many steps through scattered memory, and in a
    /// catalog whose classes lie far apart often to one from which the best cannot be reached. The sample
    /// lies side by side.
    fn enter(&mut self, body: &SegmentBody, query: &Query, start: Option<u32>) {
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

    /// Keeps the best live nodes seen and visits from the best until none can improve them.
    fn beam(
        &mut self,
        body: &SegmentBody,
        graph: &GraphView,
        query: &Query,
        reach: Reach,
        is_live: impl Fn(u32) -> bool,
    ) -> Vec<Scored> {
        for &entry in &self.scores {
            self.visited.insert(entry.node());
            self.open.push(entry);
            if reach.any > 0 {
                self.near.push(Reverse(entry));
                self.met.push(entry);
            }
            if is_live(entry.node()) {
                self.found.push(Reverse(entry));
            }
        }
        let mut left = reach.most;
        while let Some(next) = self.open.pop() {
            if is_beyond(next, &self.found, reach.live) && is_beyond(next, &self.near, reach.any) {
                break;
            }
            // What is best now is mostly also next, unless this node leads to better.
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
                let is_better = !is_beyond(candidate, &self.found, reach.live);
                if !is_better && is_beyond(candidate, &self.near, reach.any) {
                    continue;
                }
                graph.prefetch_start(candidate.node());
                self.open.push(candidate);
                if reach.any > 0 {
                    keep(candidate, &mut self.near, reach.any);
                    self.met.push(candidate);
                }
                if is_better && is_live(candidate.node()) {
                    keep(candidate, &mut self.found, reach.live);
                }
            }
        }
        let mut found: Vec<Scored> = self.found.drain().map(|scored| scored.0).collect();
        found.sort_unstable_by(|a, b| b.cmp(a));
        // There may be more entries than that.
        found.truncate(reach.live);
        found
    }
}

/// Whether there are `most` in the heap, and each of them is better.
#[inline]
fn is_beyond(candidate: Scored, heap: &BinaryHeap<Reverse<Scored>>, most: usize) -> bool {
    heap.len() >= most && heap.peek().is_none_or(|worst| candidate < worst.0)
}

/// Adds a candidate to a heap; when there are `most` already, for the worst of them if it is better.
#[inline]
fn keep(candidate: Scored, heap: &mut BinaryHeap<Reverse<Scored>>, most: usize) {
    if heap.len() < most {
        heap.push(Reverse(candidate));
    } else if let Some(mut worst) = heap.peek_mut()
        && worst.0 < candidate
    {
        *worst = Reverse(candidate);
    }
}

#[cfg(test)]
mod tests;
