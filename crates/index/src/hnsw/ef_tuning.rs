//! Tuning `ef`, the number of candidates of a walk, by measurements on every graph that is built.
//!
//! The queries are rows of the index. Each is searched for as if it were not in the graph: the walk
//! does not visit it, and its own links do not help. A shopper's photo is further away from the
//! catalog than one image of the catalog is from the others, and its neighbors are harder to find:
//! the encoder is less certain what it shows, and its embedding is nearer to the mean of all. So
//! each query is moved towards that mean.

use rayon::prelude::*;

use super::cost_model::walk_beats_scan;
use super::search;
use crate::quantization::Query;
use crate::recall::{RECALL_AT, Recall};
use crate::scan;
use crate::segment::SegmentBody;

/// Number of queries. They determine the recall to within about 0.002; at 100,000 rows measuring
/// takes about a fiftieth of the time of building.
const QUERIES: u32 = 400;
/// Distance by which a query is moved away from a row of unit length. With this value, recall grows
/// with `ef` as it does for photos that neither the index nor the encoder's training contains. When
/// queries were moved in random directions instead, the recall of such photos was up to 0.013 lower
/// than that of the queries.
const MOVED: f32 = 0.85;
/// Scores that are this close count as equal: sums of `f32` differ by as much.
const TOLERANCE: f32 = 1e-6;
/// Number of candidates that are compared in full precision.
const RANKED: usize = 64;

/// Values of `ef` that are tried, ascending.
const EF_STEPS: [u16; 14] = [
    48, 64, 80, 96, 112, 128, 144, 160, 192, 224, 256, 320, 400, 512,
];
/// Required difference between the measured recall and the minimum: of several values of `ef`, the
/// first one that reaches it may do so by chance.
const MARGIN: f64 = 0.002;

/// Doubles `ef` as long as a walk stays faster than a scan.
///
/// Rows, even moved ones, are mostly in dense regions whose members are all linked. Photos from
/// outside are at the edge of these, and missed one of the ten best more often. With the `ef` that
/// was enough for rows, their recall was 0.982 to 0.995, with half as much again 0.989 to 0.995,
/// with twice as much 0.993 and more.
fn with_reserve(ef: u16, nodes: u32) -> u16 {
    let max = 2 * ef;
    (ef..=max)
        .rev()
        .find(|&more| walk_beats_scan(usize::from(more), nodes))
        .unwrap_or(ef)
}

/// Returns the recall that must be measured to be sure that the true one is at least `min_recall`.
pub(crate) fn required_recall(min_recall: f64) -> f64 {
    min_recall + MARGIN.min(0.6 * (1.0 - min_recall))
}

/// True if a graph over `nodes` nodes can be worth walking: below, a scan is as fast as any walk.
pub(crate) fn is_worthwhile(nodes: u32) -> bool {
    walk_beats_scan(usize::from(EF_STEPS[0]), nodes)
}

/// The result of tuning a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EfTuning {
    /// Walks with this `ef` reach the required recall.
    Sufficient { ef: u16, recall: Recall },
    /// No walk that is faster than a scan reaches the recall; this is the best one.
    Insufficient(Recall),
}

/// Finds the smallest `ef` whose walks reach the [required recall](required_recall), and adds a
/// reserve.
pub(crate) fn tune_ef(body: &SegmentBody, nodes: u32, required: f64) -> EfTuning {
    let queries = recall_queries(body, nodes);
    let measure = |ef: u16| measure(body, nodes, &queries, usize::from(ef));
    let mut best = Recall::NONE;
    let is_faster = |ef: &u16| walk_beats_scan(usize::from(*ef), nodes);
    for ef in EF_STEPS.into_iter().take_while(is_faster) {
        let recall = measure(ef);
        if recall.share() >= required {
            let ef = with_reserve(ef, nodes);
            let recall = measure(ef);
            return EfTuning::Sufficient { ef, recall };
        }
        if recall.found >= best.found {
            best = recall;
        }
    }
    EfTuning::Insufficient(best)
}

/// A row that is searched for, and the minimum score of the rows that should be found.
struct RecallQuery {
    node: u32,
    query: Query,
    expected: u32,
    min_score: f32,
}

/// Returns nodes spread evenly over all except node 0, where every walk starts.
fn sampled_nodes(nodes: u32) -> Vec<u32> {
    let others = u64::from(nodes.saturating_sub(1));
    let count = others.min(u64::from(QUERIES));
    let position = |i| 1 + (i * others / count) as u32;
    (0..count).map(position).collect()
}

/// Makes the queries, each with the minimum score of what an exact search finds.
fn recall_queries(body: &SegmentBody, nodes: u32) -> Vec<RecallQuery> {
    let sample = sampled_nodes(nodes);
    let mean = mean_direction(body, &sample);
    sample
        .into_par_iter()
        .map(|node| {
            let vector = body.embedding(node).components().into_iter();
            let moved = vector.zip(&mean).map(|(x, m)| x + MOVED * m);
            let query = Query::of_components(moved.collect(), body.basis());
            let (found, _) = scan::nearest(body, &query, nodes, RANKED, |other| other != node);
            let best = ranked(body, &query, found.iter().map(|scored| scored.node()));
            RecallQuery {
                node,
                query,
                expected: best.len() as u32,
                min_score: best.last().copied().unwrap_or(f32::INFINITY),
            }
        })
        .collect()
}

/// Returns the direction of the mean of these nodes, of unit length; zero if it has none.
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

/// Measures the recall of walks with `ef` candidates.
fn measure(body: &SegmentBody, nodes: u32, queries: &[RecallQuery], ef: usize) -> Recall {
    let found = queries.par_iter().map(|query| {
        let walked = search::search_excluding(body, &query.query, nodes, ef, query.node);
        let nodes = walked.iter().take(RANKED).map(|scored| scored.node());
        let best = ranked(body, &query.query, nodes);
        best.iter()
            .filter(|&&score| score >= query.min_score - TOLERANCE)
            .count() as u32
    });
    Recall {
        found: found.sum(),
        expected: queries.iter().map(|query| query.expected).sum(),
    }
}

/// Returns the ten best scores in full precision, best first.
fn ranked(body: &SegmentBody, query: &Query, nodes: impl Iterator<Item = u32>) -> Vec<f32> {
    let mut scores: Vec<f32> = nodes.map(|node| body.score(query, node)).collect();
    scores.sort_unstable_by(|a, b| b.total_cmp(a));
    scores.truncate(RECALL_AT);
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Similar nodes have similar numbers: queries from one part would not represent the rest.
    #[test]
    fn queries_are_spread_over_all_nodes() {
        for nodes in [0, 1, 2, 10, 400, 401, 402, 799, 1000, 100_000, u32::MAX] {
            let sample = sampled_nodes(nodes);
            assert_eq!(sample.len(), nodes.saturating_sub(1).min(QUERIES) as usize);
            assert!(sample.iter().all(|&node| (1..nodes).contains(&node)));
            let step = (nodes.saturating_sub(1) / QUERIES).max(1);
            let even = |pair: &[u32]| (step..=step + 1).contains(&(pair[1] - pair[0]));
            assert!(sample.windows(2).all(even), "{nodes}: {sample:?}");
            let last = sample.last().copied().unwrap_or(nodes);
            assert!(nodes - last <= step + 1, "{nodes}: {last}");
        }
    }

    #[test]
    fn the_reserve_is_never_slower_than_a_scan() {
        assert_eq!(with_reserve(48, 100_000), 96);
        assert_eq!(with_reserve(512, 100_000), 1024);
        // 64 nodes for a candidate.
        assert_eq!(with_reserve(48, 64 * 60 + 1), 60);
        assert_eq!(with_reserve(48, 64 * 48 + 1), 48);
    }

    #[test]
    fn the_required_recall_is_above_the_minimum_and_at_most_1() {
        assert!((required_recall(0.99) - 0.992).abs() < 1e-9);
        assert!((required_recall(0.999) - 0.9996).abs() < 1e-9);
        assert_eq!(required_recall(1.0), 1.0);
    }
}
