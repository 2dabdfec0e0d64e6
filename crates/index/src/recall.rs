//! How much of the best a graph finds: measured on every graph that is built.
//!
//! The queries are rows of the index, each looked for as if it were not there: the walk may not step on
//! it, and its own links help nobody. A shopper's picture lies further from the catalog than one picture
//! of the catalog from the others, and is harder to find neighbours for; so each query is moved away, by
//! a part of the direction from one row chosen by chance to another.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::graph_search;
use crate::quantise::Query;
use crate::scan;
use crate::segment::SegmentBody;

/// Best rows that a query is expected to find.
const K: usize = 10;
/// Rows that are looked for. The share found of the ten best of each is then known to about 0.002, and
/// at 100,000 rows finding out takes about a fiftieth of building.
const QUERIES: usize = 400;
/// How far a query is moved from a row of unit length. With so much, what walks find grows with the number
/// of candidates as it does for real embeddings that were kept out of the index.
const MOVED: f32 = 0.6;
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

/// Numbers of candidates that are tried. With more, looking at every row is soon as quick.
const LADDER: [u16; 14] = [
    48, 64, 80, 96, 112, 128, 144, 160, 192, 224, 256, 320, 400, 512,
];
/// By how much the floor must be passed: walks found 0.003 to 0.006 less for real embeddings than for moved
/// rows, and of several numbers that are tried the one that passes may have been lucky.
const MARGIN: f64 = 0.006;

/// The least number of candidates with which walks find the share `floor` of the best, and what they
/// find; `None` when no number that is tried is enough.
pub(crate) fn calibrate(body: &SegmentBody, nodes: u32, floor: f64) -> Option<(u16, Recall)> {
    let questions = questions(body, nodes);
    let wanted = floor + MARGIN.min(0.6 * (1.0 - floor));
    LADDER.into_iter().find_map(|candidates| {
        let recall = measure(body, nodes, &questions, usize::from(candidates));
        (recall.share() >= wanted).then_some((candidates, recall))
    })
}

/// A row that is looked for, and the least score of the rows that should be found.
struct Question {
    node: u32,
    query: Query,
    expected: u32,
    least: f32,
}

/// Rows spread evenly over the segment, and what an exact search finds for each.
fn questions(body: &SegmentBody, nodes: u32) -> Vec<Question> {
    // Node 0 is where every walk begins.
    let every = (nodes as usize / QUERIES).max(1);
    let picked: Vec<u32> = (1..nodes).step_by(every).take(QUERIES).collect();
    let picked = picked.into_par_iter();
    picked
        .map(|node| {
            let query = moved(body, node, nodes);
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

/// The vector of a node moved away, as a query.
fn moved(body: &SegmentBody, node: u32, nodes: u32) -> Query {
    let chosen = |salt: u32| {
        let place = xxh3_64(&[node.to_le_bytes(), salt.to_le_bytes()].concat()) % u64::from(nodes);
        body.embedding(place as u32).components()
    };
    let (from, to) = (chosen(0), chosen(1));
    let direction: Vec<f32> = to.iter().zip(from).map(|(to, from)| to - from).collect();
    let length = direction.iter().map(|x| x * x).sum::<f32>().sqrt();
    let step = match length.is_normal() {
        true => MOVED / length,
        false => 0.0,
    };
    let vector = body.embedding(node).components().into_iter();
    let moved = vector.zip(direction).map(|(x, d)| x + step * d);
    Query::of_components(moved.collect(), body.axes())
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
