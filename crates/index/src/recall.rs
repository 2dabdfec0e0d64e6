//! How much of the best a graph finds: measured on every graph that is built.
//!
//! The queries are rows of the index, each looked for as if it were not there: the walk may not step on
//! it, and its own links help nobody. A shopper's picture lies further from the catalog than one picture
//! of the catalog from the others, and is harder to find neighbours for: the encoder is less sure what it
//! shows, and its embedding lies nearer to the mean of all. So each query is moved towards that mean.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::graph_search::{self, is_quicker};
use crate::query::Query;
use crate::scan;
use crate::segment::SegmentBody;

/// Best rows that a query is expected to find, and the least number of candidates that can hold them.
pub(crate) const K: usize = 10;
/// Rows that are looked for. The share found of the ten best of each is then known to about 0.002, and
/// at 100,000 rows finding out takes about a fiftieth of building.
const QUERIES: u32 = 400;
/// How far a query is moved from a row of unit length. With so much, what walks find grows with the number
/// of candidates as it does for photos that neither the index nor the encoder's training ever saw. When
/// queries were moved in directions chosen by chance instead, up to 0.013 less was found for such photos
/// than for them.
const MOVED: f32 = 0.85;
/// Scores that are this close are the same: what the sums of `f32` differ by.
const SAME: f32 = 1e-6;
/// Candidates that are compared in full precision.
const RANKED: usize = 64;

/// Share of the ten most similar rows that a walk finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recall {
    /// Rows found that are among the ten best of their query, or as good.
    pub found: u32,
    /// Rows that an exact search finds.
    pub expected: u32,
}

impl Recall {
    /// The share, 0 to 1; 1 where there was nothing to find.
    pub fn share(self) -> f64 {
        match self.expected {
            0 => 1.0,
            expected => f64::from(self.found) / f64::from(expected),
        }
    }
}

/// A graph that a base was to have and has not, because none that was built found enough: the base is
/// searched exactly, which is right but slower.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GraphLeftOut {
    /// The most that any of them found.
    pub best: Recall,
    /// The share that was wanted: the floor and a margin.
    pub wanted: f64,
    /// Whether it might have helped to build one more with more work, and that was not allowed.
    pub cut_short: bool,
}

/// Numbers of candidates that are tried.
const LADDER: [u16; 14] = [
    48, 64, 80, 96, 112, 128, 144, 160, 192, 224, 256, 320, 400, 512,
];
/// By how much the floor must be passed: of several numbers that are tried the one that passes may have been
/// lucky.
const MARGIN: f64 = 0.002;

/// Walks are given twice as many candidates as were enough. Rows, even moved, mostly lie in a crowd whose
/// members all know each other; photos from outside lie at its edge, and missed one of ten more often: with
/// what was enough for rows, 0.982 to 0.995 was found for them, with half as many again 0.989 to 0.995, with
/// twice as many 0.993 and more.
fn with_reserve(candidates: u16, nodes: u32) -> u16 {
    let more = 2 * candidates;
    (candidates..=more)
        .rev()
        .find(|&more| is_quicker(usize::from(more), nodes))
        .unwrap_or(candidates)
}

/// The share that has to be measured, for the true one to be surely no less than `floor`.
pub(crate) fn wanted(floor: f64) -> f64 {
    floor + MARGIN.min(0.6 * (1.0 - floor))
}

/// Whether a graph over so many nodes can be worth walking: over fewer, looking at every node is as quick
/// as any walk.
pub(crate) fn is_worthwhile(nodes: u32) -> bool {
    is_quicker(usize::from(LADDER[0]), nodes)
}

/// What walks over a graph find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Calibration {
    /// So many candidates are enough, and with them walks find this.
    Enough(u16, Recall),
    /// With as many candidates as are quicker than looking at every node, walks find no more than this.
    TooLittle(Recall),
}

/// Looks for the least number of candidates with which walks find the share that is [`wanted`], and says
/// what they find with those and a reserve.
pub(crate) fn calibrate(body: &SegmentBody, nodes: u32, wanted: f64) -> Calibration {
    let questions = questions(body, nodes);
    let mut best = Recall {
        found: 0,
        expected: 0,
    };
    let quicker = |candidates: &u16| is_quicker(usize::from(*candidates), nodes);
    for candidates in LADDER.into_iter().take_while(quicker) {
        let recall = measure(body, nodes, &questions, usize::from(candidates));
        if recall.share() >= wanted {
            let candidates = with_reserve(candidates, nodes);
            let recall = measure(body, nodes, &questions, usize::from(candidates));
            return Calibration::Enough(candidates, recall);
        }
        if recall.found >= best.found {
            best = recall;
        }
    }
    Calibration::TooLittle(best)
}

/// A row that is looked for, and the least score of the rows that should be found.
struct Question {
    node: u32,
    query: Query,
    expected: u32,
    least: f32,
}

/// Nodes spread evenly over all but node 0, where every walk begins.
fn picked(nodes: u32) -> Vec<u32> {
    let others = u64::from(nodes.saturating_sub(1));
    let count = others.min(u64::from(QUERIES));
    let place = |i| 1 + (i * others / count) as u32;
    (0..count).map(place).collect()
}

/// Queries, and what an exact search finds for each.
fn questions(body: &SegmentBody, nodes: u32) -> Vec<Question> {
    let picked = picked(nodes);
    let mean = mean_direction(body, &picked);
    picked
        .into_par_iter()
        .map(|node| {
            let vector = body.embedding(node).components().into_iter();
            let moved = vector.zip(&mean).map(|(x, m)| x + MOVED * m);
            let query = Query::of_components(moved.collect(), body.axes());
            let (found, _) = scan::nearest(body, &query, nodes, RANKED, |other| other != node);
            let best = ranked(body, &query, found.iter().map(|scored| scored.node()));
            Question {
                node,
                query,
                expected: best.len() as u32,
                least: best.last().copied().unwrap_or(f32::INFINITY),
            }
        })
        .collect()
}

/// The direction of the mean of these nodes, of unit length; zero where it has none.
fn mean_direction(body: &SegmentBody, nodes: &[u32]) -> Vec<f32> {
    let mut sum: Vec<f32> = Vec::new();
    for &node in nodes {
        let vector = body.embedding(node).components();
        sum.resize(vector.len(), 0.0);
        sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x);
    }
    let length = sum.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        sum.iter_mut().for_each(|x| *x /= length);
    }
    sum
}

/// What walks with `ef` candidates find of that.
fn measure(body: &SegmentBody, nodes: u32, questions: &[Question], ef: usize) -> Recall {
    let found = questions.par_iter().map(|question| {
        let walked = graph_search::nearest_without(body, &question.query, nodes, ef, question.node);
        let nodes = walked.iter().take(RANKED).map(|scored| scored.node());
        let best = ranked(body, &question.query, nodes);
        best.iter()
            .filter(|&&score| score >= question.least - SAME)
            .count() as u32
    });
    Recall {
        found: found.sum(),
        expected: questions.iter().map(|question| question.expected).sum(),
    }
}

/// The best scores in full precision, best first.
fn ranked(body: &SegmentBody, query: &Query, nodes: impl Iterator<Item = u32>) -> Vec<f32> {
    let mut scores: Vec<f32> = nodes.map(|node| body.score(query, node)).collect();
    scores.sort_unstable_by(|a, b| b.total_cmp(a));
    scores.truncate(K);
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Similar nodes have similar numbers: queries from a part would say nothing of the rest.
    #[test]
    fn queries_are_spread_over_all_nodes() {
        for nodes in [0, 1, 2, 10, 400, 401, 402, 799, 1000, 100_000, u32::MAX] {
            let picked = picked(nodes);
            assert_eq!(picked.len(), nodes.saturating_sub(1).min(QUERIES) as usize);
            assert!(picked.iter().all(|&node| (1..nodes).contains(&node)));
            let step = (nodes.saturating_sub(1) / QUERIES).max(1);
            let even = |pair: &[u32]| (step..=step + 1).contains(&(pair[1] - pair[0]));
            assert!(picked.windows(2).all(even), "{nodes}: {picked:?}");
            let last = picked.last().copied().unwrap_or(nodes);
            assert!(nodes - last <= step + 1, "{nodes}: {last}");
        }
    }

    #[test]
    fn the_reserve_is_no_slower_than_looking_at_every_node() {
        assert_eq!(with_reserve(48, 100_000), 96);
        assert_eq!(with_reserve(512, 100_000), 1024);
        // 64 nodes for a candidate.
        assert_eq!(with_reserve(48, 64 * 60 + 1), 60);
        assert_eq!(with_reserve(48, 64 * 48 + 1), 48);
    }

    #[test]
    fn more_is_wanted_than_the_floor_but_never_more_than_everything() {
        assert!((wanted(0.99) - 0.992).abs() < 1e-9);
        assert!((wanted(0.999) - 0.9996).abs() < 1e-9);
        assert_eq!(wanted(1.0), 1.0);
    }
}
