//! The measures of one encoder.

use lookalike_index::Fingerprint;
use serde::Serialize;

use super::agreement::{self, Agreement};
use super::categories::Categories;
use super::error::EvaluationError;
use super::label_agreement::LabelAgreement;
use super::setting::{Setting, Subject};
use crate::bootstrap::{Bootstrap, Estimate};
use crate::retrieval::{QueryResult, QueryScores, search_queries};

/// Returns the names of the five measures, in the order of [`Measures::to_array`].
pub fn headings(k: usize) -> [String; 5] {
    [
        "P@1".to_owned(),
        format!("P@{k}"),
        format!("R@{k}"),
        "mAP".to_owned(),
        "MRR".to_owned(),
    ]
}

/// The means over queries, or over categories, with their intervals.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Measures {
    /// P@1: the share of queries whose nearest image is right.
    #[serde(rename = "p_at_1")]
    pub first: Estimate,
    /// P@k: the share of right ones among the first k.
    #[serde(rename = "p_at_k")]
    pub precision: Estimate,
    /// R@k: the share of queries for which any of the first k is right.
    #[serde(rename = "r_at_k")]
    pub recall: Estimate,
    /// mAP: the mean of the average precisions.
    #[serde(rename = "map")]
    pub average_precision: Estimate,
    /// MRR: the mean of the reciprocal ranks.
    #[serde(rename = "mrr")]
    pub reciprocal_rank: Estimate,
}

impl Measures {
    /// Returns P@1, P@k, R@k, mAP and MRR, in this order.
    pub fn to_array(self) -> [Estimate; 5] {
        [
            self.first,
            self.precision,
            self.recall,
            self.average_precision,
            self.reciprocal_rank,
        ]
    }
}

impl From<[Estimate; 5]> for Measures {
    fn from(all: [Estimate; 5]) -> Self {
        let [first, precision, recall, average_precision, reciprocal_rank] = all;
        Self {
            first,
            precision,
            recall,
            average_precision,
            reciprocal_rank,
        }
    }
}

/// The measures of one encoder.
#[derive(Debug, Serialize)]
pub struct EncoderReport {
    /// Name given by the user.
    pub name: String,
    /// The encoder's fingerprint.
    pub fingerprint: Fingerprint,
    /// Length of an embedding.
    pub dimensions: usize,
    /// Number of queries for which something right could be found.
    pub scored: usize,
    /// Means over queries: every query counts the same.
    pub micro: Measures,
    /// Means over categories: every category counts the same.
    #[serde(rename = "macro")]
    pub balanced: Measures,
    /// Reports by category, in the order of their names.
    pub categories: Vec<CategoryReport>,
    /// `confusion[a][b]` is the number of queries of category `a` whose nearest neighbor has
    /// category `b`; queries without anything right to find are left out.
    pub confusion: Vec<Vec<usize>>,
    /// Agreement of the nearest neighbors by category and by the columns that were asked for; empty
    /// if none were.
    #[serde(rename = "agreement", skip_serializing_if = "Vec::is_empty")]
    pub label_agreements: Vec<LabelAgreement>,
    /// The comparison of the index with an exact search.
    pub index: Agreement,
    /// Results of every query.
    #[serde(skip)]
    pub results: Vec<QueryResult>,
}

/// The measures of one encoder on the queries of one category.
#[derive(Debug, Clone, Serialize)]
pub struct CategoryReport {
    /// The category.
    pub category: String,
    /// Number of its images in the catalog.
    pub catalog: usize,
    /// Number of its queries.
    pub queries: usize,
    /// Number of queries for which something right could be found.
    pub scored: usize,
    /// Their measures, if there are any.
    pub measures: Option<Measures>,
}

impl EncoderReport {
    pub(crate) fn new(
        setting: &Setting,
        categories: &Categories,
        place: usize,
        subject: &Subject<'_>,
    ) -> Result<Self, EvaluationError> {
        let dimensions = subject.encoder.dimensions();
        let (catalog, queries) = categories.sides(setting, place, dimensions);
        let is_itself = |query, row| setting.is_itself(query, row);
        let results = search_queries(catalog, queries, setting.k, is_itself);
        let rows = rows_by_category(&results, categories);
        let bootstrap = setting.bootstrap;
        let fingerprint = Fingerprint(subject.encoder.fingerprint());
        Ok(Self {
            name: subject.name.to_owned(),
            fingerprint,
            dimensions,
            scored: rows.iter().map(Vec::len).sum(),
            micro: measures(bootstrap.means(&rows.concat())),
            balanced: measures(bootstrap.group_means(&rows)),
            categories: by_category(categories, &rows, bootstrap),
            confusion: confusion(&results, categories),
            label_agreements: label_agreements(setting, categories, &results),
            index: agreement::measure(setting, catalog, queries, fingerprint)?,
            results,
        })
    }
}

fn label_agreements(
    setting: &Setting,
    categories: &Categories,
    results: &[QueryResult],
) -> Vec<LabelAgreement> {
    if setting.further.is_empty() {
        return Vec::new();
    }
    let category = categories.as_further();
    let labels = std::iter::once(&category).chain(&setting.further);
    labels
        .filter_map(|label| LabelAgreement::measure(setting, label, results))
        .collect()
}

fn measures(found: Option<[Estimate; 5]>) -> Measures {
    found.map(Measures::from).unwrap_or_default()
}

/// Returns the measures of the queries that count, by category.
pub(crate) fn rows_by_category(
    results: &[QueryResult],
    categories: &Categories,
) -> Vec<Vec<[f64; 5]>> {
    let mut rows = vec![Vec::new(); categories.names.len()];
    for (result, &category) in results.iter().zip(categories.queries.firsts()) {
        rows[category as usize].extend(result.scores.map(QueryScores::to_array));
    }
    rows
}

fn by_category(
    categories: &Categories,
    rows: &[Vec<[f64; 5]>],
    bootstrap: Bootstrap,
) -> Vec<CategoryReport> {
    let count = |labels: &[u32], number: usize| {
        let same = labels.iter().filter(|&&label| label as usize == number);
        same.count()
    };
    let names = categories.names.iter().enumerate();
    names
        .map(|(number, name)| CategoryReport {
            category: name.clone(),
            catalog: count(categories.catalog.firsts(), number),
            queries: count(categories.queries.firsts(), number),
            scored: rows[number].len(),
            measures: bootstrap.means(&rows[number]).map(Measures::from),
        })
        .collect()
}

fn confusion(results: &[QueryResult], categories: &Categories) -> Vec<Vec<usize>> {
    let count = categories.names.len();
    let mut confusion = vec![vec![0; count]; count];
    let of_queries = categories.queries.firsts();
    for (query, (result, &category)) in results.iter().zip(of_queries).enumerate() {
        if let (Some(_), Some(nearest)) = (result.scores, result.neighbors.first()) {
            let row = nearest.row;
            // One of several categories that is right is not confused with the first.
            let found = match categories.catalog.share(row, &categories.queries, query) {
                true => category,
                false => categories.catalog.firsts()[row],
            };
            confusion[category as usize][found as usize] += 1;
        }
    }
    confusion
}
