//! The measures of one encoder.

use lookalike_index::Fingerprint;
use serde::Serialize;

use super::agreement::{self, Agreement};
use super::categories::Categories;
use super::error::EvaluationError;
use super::label_agreement::LabelAgreement;
use super::measures::Measures;
use super::query_rows::QueryRows;
use super::setting::{Setting, Subject};
use crate::retrieval::{QueryResult, search_queries};

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
        let rows = QueryRows::new(setting, &results, categories);
        let bootstrap = setting.bootstrap;
        let fingerprint = Fingerprint(subject.encoder.fingerprint());
        Ok(Self {
            name: subject.name.to_owned(),
            fingerprint,
            dimensions,
            scored: rows.counts().iter().sum(),
            micro: rows.micro(bootstrap).unwrap_or_default(),
            balanced: rows.balanced(bootstrap).unwrap_or_default(),
            categories: by_category(categories, &rows.counts(), rows.by_category(bootstrap)),
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

fn by_category(
    categories: &Categories,
    scored: &[usize],
    measures: Vec<Option<Measures>>,
) -> Vec<CategoryReport> {
    let count = |labels: &[u32], number: usize| {
        let same = labels.iter().filter(|&&label| label as usize == number);
        same.count()
    };
    let names = categories.names.iter().enumerate();
    names
        .zip(measures)
        .map(|((number, name), measures)| CategoryReport {
            category: name.clone(),
            catalog: count(categories.catalog.firsts(), number),
            queries: count(categories.queries.firsts(), number),
            scored: scored[number],
            measures,
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
