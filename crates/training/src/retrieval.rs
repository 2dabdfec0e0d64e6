//! Measures of image retrieval: how well the neighbors of a query share its label.
//!
//! Every measure is computed for each query over the catalog ranked by falling cosine similarity,
//! equal similarities by row; papers report the mean over queries. Definitions follow Manning,
//! Raghavan and Schütze, "Introduction to Information Retrieval", chapter 8; recall at k is the one
//! of metric learning (Jégou et al. 2011): whether any of the first k is right.

use std::cmp::Ordering;

use rayon::prelude::*;
use serde::Serialize;

use crate::image_labels::ImageLabels;

/// Unit vectors `[rows, dimensions]`, row after row, and the label of each.
#[derive(Debug, Clone, Copy)]
pub struct Labeled<'a> {
    /// `rows * dimensions` numbers.
    pub vectors: &'a [f32],
    /// Length of a vector.
    pub dimensions: usize,
    /// Labels of each row; a row is right for a query with which it shares one.
    pub labels: &'a ImageLabels,
}

impl<'a> Labeled<'a> {
    /// Returns the vector of a row, `[dimensions]`.
    pub fn vector(&self, row: usize) -> &'a [f32] {
        &self.vectors[row * self.dimensions..][..self.dimensions]
    }
}

/// The measures of one query, each 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct QueryScores {
    /// P@1: 1 if the nearest is right, otherwise 0.
    #[serde(rename = "p_at_1")]
    pub first: f64,
    /// P@k: the share of right ones among the first k.
    #[serde(rename = "p_at_k")]
    pub precision: f64,
    /// R@k: 1 if any of the first k is right, otherwise 0.
    #[serde(rename = "r_at_k")]
    pub recall: f64,
    /// AP: the mean of the precisions at the ranks of all right ones.
    #[serde(rename = "ap")]
    pub average_precision: f64,
    /// RR: one over the rank of the first right one.
    #[serde(rename = "rr")]
    pub reciprocal_rank: f64,
}

impl QueryScores {
    /// Returns P@1, P@k, R@k, AP and RR, in this order.
    pub fn to_array(self) -> [f64; 5] {
        [
            self.first,
            self.precision,
            self.recall,
            self.average_precision,
            self.reciprocal_rank,
        ]
    }
}

/// The result of one query.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryResult {
    /// Its measures; `None` if no catalog row that it may find has its label, so that nothing could
    /// be right.
    pub scores: Option<QueryScores>,
    /// The first `k`, best first.
    pub neighbors: Vec<Neighbor>,
}

/// A catalog row that a query found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbor {
    /// The row.
    pub row: usize,
    /// Cosine similarity, -1 to 1.
    pub similarity: f32,
}

/// Returns the measures of every query against the catalog; `None` for a query whose label no
/// catalog row has, because nothing could be right.
///
/// # Panics
/// If the two have vectors of different length.
pub fn score_queries(
    catalog: Labeled<'_>,
    queries: Labeled<'_>,
    k: usize,
) -> Vec<Option<QueryScores>> {
    let results = search_queries(catalog, queries, k, |_, _| false);
    results.into_iter().map(|result| result.scores).collect()
}

/// Returns the measures and the nearest rows of every query, on all cores. A catalog row for which
/// `is_itself(query, row)` is true is the query's own image and is ignored for that query: so one
/// folder can be both, each image left out once.
///
/// # Panics
/// If the two have vectors of different length.
pub fn search_queries(
    catalog: Labeled<'_>,
    queries: Labeled<'_>,
    k: usize,
    is_itself: impl Fn(usize, usize) -> bool + Sync,
) -> Vec<QueryResult> {
    assert_eq!(catalog.dimensions, queries.dimensions);
    let search = |query| {
        let vector = queries.vector(query);
        let mut ranked = rank(catalog, vector);
        ranked.retain(|&row| !is_itself(query, row));
        let right = ranked
            .iter()
            .map(|&row| catalog.labels.share(row, queries.labels, query));
        QueryResult {
            scores: score_ranking(right, k),
            neighbors: ranked
                .iter()
                .take(k)
                .map(|&row| Neighbor {
                    row,
                    similarity: dot(catalog.vector(row), vector),
                })
                .collect(),
        }
    };
    (0..queries.labels.len())
        .into_par_iter()
        .map(search)
        .collect()
}

/// Returns the rows of the catalog by falling similarity to `query`.
pub fn rank(catalog: Labeled<'_>, query: &[f32]) -> Vec<usize> {
    let mut scored: Vec<(f32, usize)> = (0..catalog.labels.len())
        .map(|row| (dot(catalog.vector(row), query), row))
        .collect();
    scored.sort_unstable_by(|a, b| {
        let order = b.0.partial_cmp(&a.0).unwrap_or(Ordering::Equal);
        order.then(a.1.cmp(&b.1))
    });
    scored.into_iter().map(|(_, row)| row).collect()
}

/// Returns the measures of one ranking, given as true for each right position.
pub fn score_ranking(right: impl Iterator<Item = bool>, k: usize) -> Option<QueryScores> {
    let mut scores = QueryScores::default();
    let mut found = 0_usize;
    for (place, _) in right.enumerate().filter(|(_, right)| *right) {
        let rank = (place + 1) as f64;
        if found == 0 {
            scores.reciprocal_rank = 1.0 / rank;
            scores.first = f64::from(place == 0);
            scores.recall = f64::from(place < k);
        }
        found += 1;
        scores.average_precision += found as f64 / rank;
        if place < k {
            scores.precision += 1.0 / k as f64;
        }
    }
    if found == 0 {
        return None;
    }
    scores.average_precision /= found as f64;
    Some(scores)
}

/// Computes a dot product with eight parallel sums, which the compiler keeps in one vector
/// register.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests;
