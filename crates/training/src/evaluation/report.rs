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
    /// category `b`; queries without anything right to find, and neighbors without a category that
    /// counts, are left out.
    pub confusion: Vec<Vec<usize>>,
    /// Agreement of the nearest neighbors by category and by the columns that were asked for; empty
    /// if none were.
    #[serde(rename = "agreement", skip_serializing_if = "Vec::is_empty")]
    pub label_agreements: Vec<LabelAgreement>,
    /// Further labels of which there is no figure: no query has a value and a neighbor with one.
    #[serde(skip)]
    pub(crate) unmeasured: Vec<String>,
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
        let (label_agreements, unmeasured) = label_agreements(setting, categories, &results);
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
            label_agreements,
            unmeasured,
            index: agreement::measure(setting, catalog, queries, fingerprint)?,
            results,
        })
    }
}

/// Returns the agreement in the category and in each further label, and the names of further labels
/// without a figure.
fn label_agreements(
    setting: &Setting,
    categories: &Categories,
    results: &[QueryResult],
) -> (Vec<LabelAgreement>, Vec<String>) {
    let (mut measured, mut unmeasured) = (Vec::new(), Vec::new());
    if setting.further.is_empty() {
        return (measured, unmeasured);
    }
    measured.extend(LabelAgreement::measure(
        setting,
        &categories.as_further(),
        results,
    ));
    for label in &setting.further {
        if label.is_category {
            continue;
        }
        match LabelAgreement::measure(setting, label, results) {
            Some(agreement) => measured.push(agreement),
            None => unmeasured.push(label.name.clone()),
        }
    }
    (measured, unmeasured)
}

fn by_category(
    categories: &Categories,
    scored: &[usize],
    measures: Vec<Option<Measures>>,
) -> Vec<CategoryReport> {
    let names = categories.names.iter().enumerate();
    names
        .zip(measures)
        .map(|((number, name), measures)| CategoryReport {
            category: name.clone(),
            catalog: categories.catalog.count_first(number as u32),
            queries: categories.queries.count_first(number as u32),
            scored: scored[number],
            measures,
        })
        .collect()
}

fn confusion(results: &[QueryResult], categories: &Categories) -> Vec<Vec<usize>> {
    let count = categories.names.len();
    let mut confusion = vec![vec![0; count]; count];
    for (query, result) in results.iter().enumerate() {
        let nearest = result.scores.and(result.neighbors.first());
        let pair = nearest.and_then(|nearest| {
            let (catalog, queries) = (&categories.catalog, &categories.queries);
            catalog.confused(nearest.row, queries, query)
        });
        if let Some((category, found)) = pair {
            confusion[category as usize][found as usize] += 1;
        }
    }
    confusion
}
