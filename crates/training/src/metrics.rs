//! Measures how well vectors of the validation images find those of the training images.

use std::collections::BTreeMap;

use lookalike_encoder::ProjectionHead;
use serde::Serialize;

use crate::dataset::{Dataset, Set};
use crate::embedding::embed;
use crate::retrieval::{self, QueryScores};

/// Number of neighbors for P@k.
pub const K: usize = 10;

/// Mean measures of retrieval, each 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Measures {
    /// P@1: the share of queries whose nearest image has their category.
    #[serde(rename = "p_at_1")]
    pub first: f64,
    /// P@10: the share of the ten nearest images that have it.
    #[serde(rename = "p_at_10")]
    pub precision: f64,
    /// mAP: the mean of average precision.
    #[serde(rename = "map")]
    pub average_precision: f64,
    /// Number of queries.
    pub queries: usize,
}

impl Measures {
    /// Returns the means over queries.
    pub fn of(scores: &[QueryScores]) -> Self {
        let count = scores.len().max(1) as f64;
        let mean = |pick: fn(&QueryScores) -> f64| scores.iter().map(pick).sum::<f64>() / count;
        Self {
            first: mean(|scores| scores.first),
            precision: mean(|scores| scores.precision),
            average_precision: mean(|scores| scores.average_precision),
            queries: scores.len(),
        }
    }
}

/// Counts of nearest neighbors by the category of the query (first key) and of the neighbor (second key).
/// Neighbors without a category that counts are left out.
pub type Confusion = BTreeMap<String, BTreeMap<String, usize>>;

/// Returns the measures of each validation image that could find its category.
pub fn scores(training: &Set, validation: &Set, head: Option<&ProjectionHead>) -> Vec<QueryScores> {
    let scores = query_scores(training, validation, head);
    scores.into_iter().flatten().collect()
}

/// Returns the measures of each validation image; `None` for one that could not find its category.
pub fn query_scores(
    training: &Set,
    validation: &Set,
    head: Option<&ProjectionHead>,
) -> Vec<Option<QueryScores>> {
    let (catalog, dimensions) = embed(&training.features, head);
    let (queries, _) = embed(&validation.features, head);
    let catalog = training.labeled(&catalog, dimensions);
    let queries = validation.labeled(&queries, dimensions);
    retrieval::score_queries(catalog, queries, K)
}

/// Returns the measures of a dataset's validation images, and their confusion.
pub fn with_confusion(dataset: &Dataset, head: Option<&ProjectionHead>) -> (Measures, Confusion) {
    let (catalog, dimensions) = embed(&dataset.training.features, head);
    let (queries, _) = embed(&dataset.validation.features, head);
    let catalog = dataset.training.labeled(&catalog, dimensions);
    let queries = dataset.validation.labeled(&queries, dimensions);
    let results = retrieval::search_queries(catalog, queries, K, |_, _| false);
    let mut confusion = Confusion::new();
    let mut scores = Vec::new();
    for (query, result) in results.iter().enumerate() {
        let (Some(of_query), Some(nearest)) = (result.scores, result.neighbors.first()) else {
            continue;
        };
        scores.push(of_query);
        let name = |label: u32| dataset.categories[label as usize].clone();
        let pair = catalog.labels.confused(nearest.row, queries.labels, query);
        let Some((label, nearest)) = pair else {
            continue;
        };
        let found = confusion.entry(name(label)).or_default();
        *found.entry(name(nearest)).or_default() += 1;
    }
    (Measures::of(&scores), confusion)
}
