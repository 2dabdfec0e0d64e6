//! A catalog that is large enough for its graph to be walked.

use std::collections::HashSet;

use lookalike_index::{GraphParameters, SearchRequest, Segment};

use crate::support::{Vectors, base, content, cosine, row};

pub(crate) const DIMENSIONS: usize = 64;
pub(crate) const ROWS: usize = 10_000;

/// A catalog, and queries that are not in it.
pub(crate) struct Catalog {
    pub(crate) vectors: Vec<Vec<f32>>,
    pub(crate) queries: Vec<Vec<f32>>,
    pub(crate) graph: Segment,
}

/// Makes ten thousand rows; keys and products are their numbers.
pub(crate) fn catalog(dimensions: usize) -> Catalog {
    let mut vectors = Vectors::new(3, dimensions).clustered(ROWS + 50, 200);
    let queries = vectors.split_off(ROWS);
    let rows = vectors.iter().enumerate().map(|(i, vector)| {
        let name = format!("{i:05}");
        row(&name, &name, vector)
    });
    let content = content(rows.collect());
    let graph = base(1, &content, dimensions, Some(GraphParameters::default()));
    assert!(graph.graph_layers() > 1);
    Catalog {
        vectors,
        queries,
        graph,
    }
}

impl Catalog {
    /// Returns the keys of the images most similar to the query, best first, excluding those that
    /// are `gone`.
    pub(crate) fn truth(&self, query: &[f32], gone: &HashSet<String>) -> Vec<(String, f64)> {
        let mut scores: Vec<(String, f64)> = self
            .vectors
            .iter()
            .enumerate()
            .map(|(i, vector)| (format!("{i:05}"), cosine(query, vector)))
            .filter(|(key, _)| !gone.contains(key))
            .collect();
        scores.sort_by(|a, b| b.1.total_cmp(&a.1));
        scores
    }
}

/// Asks for results with a minimum score.
pub(crate) fn request(vector: &[f32], k: usize, min_score: f32) -> SearchRequest<'_> {
    SearchRequest {
        min_score,
        ..SearchRequest::new(vector, k)
    }
}
