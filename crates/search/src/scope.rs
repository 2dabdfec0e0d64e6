//! Searches of a snapshot, by descending similarity: only this file calls the search of the index.
//!
//! Everything that narrows a search, such as a filter, is part of [`Scope`]. It is made here from a caller's options, and
//! no other file reads it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use lookalike_core::filterable::Filterable;
use lookalike_index::{
    Filter, FilterError, IndexError, Match, MatchThresholds, RowAddress, SearchRequest, Selection,
    Snapshot,
};
use serde_json::Value;

use crate::answer::{FacetValue, FoundProduct, ScoredImage};
use crate::error::SearchError;
use crate::options::{GroupBy, SearchOptions};
use crate::query::Query;
use crate::run_blocking::run_blocking;
use crate::vectors::QueryVector;

/// Maximum number of values of a facet.
const MAX_FACET_VALUES: usize = 20;
/// Rows whose attributes are parsed in less than a millisecond.
const FEW_ROWS: u64 = 1 << 17;

/// The amount of work that a search may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// So little that it may be done on the async runtime; the search is given up if that is not enough.
    Quick,
    /// As much as it takes, on a thread for blocking work.
    Full,
}

/// Everything that narrows a search.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    min_score: f32,
    /// Products that are never results.
    without: Vec<String>,
    /// The unit of results.
    group_by: GroupBy,
    /// The filter as the caller gave it.
    filter: Option<Filter>,
    /// The images of the snapshot that match the filter.
    selection: Option<Arc<Selection>>,
    /// The weakest match that is a result.
    min_match: Option<Match>,
}

/// Counts of the values of attributes.
pub(crate) type Facets = BTreeMap<String, Vec<FacetValue>>;

impl Scope {
    /// Returns the scope of a caller's query and options.
    ///
    /// # Errors
    /// [`SearchError::Filter`] if the filter has a syntax error.
    pub(crate) fn new(query: &Query, options: &SearchOptions) -> Result<Self, SearchError> {
        Ok(Self {
            min_score: options.min_score,
            without: query.products(),
            group_by: options.group_by,
            filter: options.filter.as_ref().map(filter).transpose()?,
            selection: None,
            min_match: options.min_match,
        })
    }

    /// Returns the scope of all products but one, with the default options.
    pub(crate) fn of_product(product: &str) -> Self {
        let default = SearchOptions::default();
        Self {
            min_score: default.min_score,
            without: vec![product.to_owned()],
            group_by: default.group_by,
            filter: None,
            selection: None,
            min_match: None,
        }
    }

    /// Returns the caller's filter.
    pub(crate) fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref()
    }

    /// True if the filter leaves a row in.
    pub(crate) fn admits(&self, at: RowAddress) -> bool {
        let selection = self.selection.as_ref();
        selection.is_none_or(|selection| selection.contains(at))
    }

    /// Returns the lowest score of a result.
    pub(crate) fn min_score(&self) -> f32 {
        self.min_score
    }

    /// Returns this scope for a snapshot: the images that match the filter are selected. `declared` attributes may be
    /// used although no image has them.
    ///
    /// # Errors
    /// [`SearchError::Filter`] if the filter or a facet does not fit the attributes of the images.
    pub(crate) async fn within(
        mut self,
        snapshot: &Arc<Snapshot>,
        match_thresholds: Option<MatchThresholds>,
        facets: &[String],
        declared: &Filterable,
    ) -> Result<Self, SearchError> {
        if let (Some(min_match), Some(scores)) = (self.min_match, match_thresholds) {
            self.min_score = self.min_score.max(scores.min_score(min_match));
        }
        if facets.is_empty() && self.filter.is_none() {
            return Ok(self);
        }
        let declared: Vec<String> = declared.names().map(str::to_owned).collect();
        let is_brief = snapshot.rows() <= FEW_ROWS;
        if !facets.is_empty() {
            let (shared, names, known) = (Arc::clone(snapshot), facets.to_vec(), declared.clone());
            let check = move || {
                let mut names = names.iter();
                names.try_for_each(|name| shared.check_attribute(name, &known))
            };
            // The first look at attributes parses those of every row.
            match is_brief {
                true => check()?,
                false => run_blocking(check).await??,
            }
        }
        let Some(filter) = self.filter.clone() else {
            return Ok(self);
        };
        let selection = match snapshot.select_briefly(&filter, &declared)? {
            Some(selection) => selection,
            None => {
                let shared = Arc::clone(snapshot);
                run_blocking(move || shared.select(&filter, &declared)).await??
            }
        };
        self.selection = Some(selection);
        Ok(self)
    }

    /// Counts the values of attributes over all images that may be found; `None` without attributes.
    pub(crate) fn facets(
        &self,
        snapshot: &Snapshot,
        wanted: &[String],
    ) -> Result<Option<Facets>, IndexError> {
        if wanted.is_empty() {
            return Ok(None);
        }
        let mut facets = Facets::new();
        for name in wanted {
            let facet = snapshot.facet(name, self.selection.as_deref(), MAX_FACET_VALUES)?;
            let values = facet.values.into_iter().map(|found| FacetValue {
                value: found.value,
                count: found.products,
            });
            facets.insert(name.clone(), values.collect());
        }
        Ok(Some(facets))
    }

    fn request<'a>(&'a self, wanted: &'a QueryVector, k: usize) -> SearchRequest<'a> {
        SearchRequest {
            min_score: self.min_score,
            without_products: &self.without,
            filter: self.selection.as_deref(),
            group_by: self.group_by.into(),
            stored: wanted.stored,
            ..SearchRequest::new(&wanted.vector, k)
        }
    }

    /// Returns the `k` best results, each with the score of its most similar query vector, and true if every candidate
    /// was compared. There are fewer only if no more exist. `None` if a quick attempt is not enough.
    pub(crate) fn find(
        &self,
        snapshot: &Snapshot,
        wanted: &[QueryVector],
        k: usize,
        attempt: Attempt,
    ) -> Result<Option<(Vec<FoundProduct>, bool)>, IndexError> {
        let mut found: Vec<FoundProduct> = Vec::new();
        let mut exact = true;
        for one in wanted {
            let request = self.request(one, k);
            let answer = match attempt {
                Attempt::Quick => snapshot.search_briefly(request)?,
                Attempt::Full => Some(snapshot.search(request)?),
            };
            let Some(answer) = answer else {
                return Ok(None);
            };
            exact &= answer.exact;
            found.extend(answer.hits.into_iter().map(FoundProduct::from));
        }
        if wanted.len() > 1 {
            self.join(&mut found);
            found.truncate(k);
        }
        Ok(Some((found, exact)))
    }

    /// Joins the results of several query vectors: each once, with its best score.
    fn join(&self, found: &mut Vec<FoundProduct>) {
        found.sort_by(|a, b| {
            let by_score = b.score.total_cmp(&a.score);
            by_score.then_with(|| a.image.key.cmp(&b.image.key))
        });
        let mut seen = HashSet::new();
        match self.group_by {
            GroupBy::Product => found.retain(|found| seen.insert(found.product_id.clone())),
            GroupBy::Image => found.retain(|found| seen.insert(found.image.key.clone())),
        }
    }

    /// Adds to each product all its images that may be found, best first.
    pub(crate) fn add_images(
        &self,
        snapshot: &Snapshot,
        wanted: &[QueryVector],
        products: &mut [FoundProduct],
    ) -> Result<(), IndexError> {
        let names = products.iter().map(|found| found.product_id.clone());
        let names: Vec<String> = names.collect();
        let mut best: Vec<HashMap<String, f32>> = vec![HashMap::new(); names.len()];
        for one in wanted {
            let images = snapshot.images_of_products(self.request(one, names.len()), &names)?;
            for (best, images) in best.iter_mut().zip(images) {
                for image in images {
                    let score = best.entry(image.key).or_insert(image.score);
                    *score = score.max(image.score);
                }
            }
        }
        for (product, images) in products.iter_mut().zip(best) {
            let image = |(key, score)| ScoredImage {
                key,
                url: None,
                score,
            };
            let mut images: Vec<ScoredImage> = images.into_iter().map(image).collect();
            images.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.key.cmp(&b.key)));
            product.images = Some(images);
        }
        Ok(())
    }
}

/// Reads a caller's filter: an object, or a list of short forms.
fn filter(given: &Value) -> Result<Filter, FilterError> {
    match given.as_array() {
        // A list with anything but texts gets the error of a value where an object is expected.
        Some(texts) if texts.iter().all(Value::is_string) => {
            Filter::from_texts(texts.iter().filter_map(Value::as_str))
        }
        _ => Filter::from_json(given),
    }
}
