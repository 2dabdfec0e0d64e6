//! What is found in a snapshot, by falling similarity: the one place that asks the index.
//!
//! Whatever narrows a search down, such as a filter, is part of [`Scope`], which is made here from a caller's
//! options and looked at nowhere else.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use lookalike_core::filterable::Filterable;
use lookalike_index::{
    Attributes, Filter, FilterError, Hit, IndexError, Match, MatchThresholds, RowAddress,
    SearchRequest, Selection, Snapshot,
};
use serde_json::Value;

use crate::answer::FacetValue;
use crate::error::SearchError;
use crate::options::{GroupBy, SearchOptions};
use crate::query::Query;
use crate::run_blocking::run_blocking;
use crate::vectors::QueryVector;

/// Values of an attribute that are counted, at most.
const MAX_VALUES: usize = 20;
/// Rows that are counted in less than a millisecond.
const FEW_ROWS: u64 = 1 << 17;

/// The amount of work that a search may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// So little that it may be done in place; the search is given up when that does not suffice.
    Quick,
    /// As much as it takes, on a thread for blocking work.
    Full,
}

/// Everything that narrows a search.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    min_score: f32,
    /// Products that are no results.
    without: Vec<String>,
    /// The kind of a result.
    group_by: GroupBy,
    /// The filter as the caller gave it.
    filter: Option<Filter>,
    /// And which images of the snapshot do.
    selection: Option<Arc<Selection>>,
    /// The weakest match that is a result.
    least: Option<Match>,
}

/// Counts of the values of attributes.
pub(crate) type Facets = BTreeMap<String, Vec<FacetValue>>;

/// An image that was found, as the best of its product or for itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub(crate) product_id: String,
    pub(crate) key: String,
    pub(crate) score: f32,
    pub(crate) at: RowAddress,
    pub(crate) attributes: Attributes,
    /// All images of the product that are similar enough, best first, where they are wanted.
    pub(crate) images: Vec<(String, f32)>,
    /// Results that are nearly the same image and were folded into this one.
    pub(crate) collapsed: usize,
}

impl Scope {
    /// Returns the scope that the options and the query of a caller allow.
    ///
    /// # Errors
    /// When a filter makes no sense.
    pub(crate) fn new(query: &Query, options: &SearchOptions) -> Result<Self, SearchError> {
        Ok(Self {
            min_score: options.min_score,
            without: query.products(),
            group_by: options.group_by,
            filter: options.filter.as_ref().map(filter).transpose()?,
            selection: None,
            least: options.min_match,
        })
    }

    /// All but one product, by what is usual.
    pub(crate) fn of_product(product: &str) -> Self {
        let usual = SearchOptions::default();
        Self {
            min_score: usual.min_score,
            without: vec![product.to_owned()],
            group_by: usual.group_by,
            filter: None,
            selection: None,
            least: None,
        }
    }

    /// The same in a snapshot, of whose images those are selected that match. `declared` are attributes that
    /// may be asked for although no image has them.
    ///
    /// # Errors
    /// When the filter, or an attribute that is to be counted, does not fit the images.
    pub(crate) async fn within(
        mut self,
        snapshot: &Arc<Snapshot>,
        match_thresholds: Option<MatchThresholds>,
        facets: &[String],
        declared: &Filterable,
    ) -> Result<Self, SearchError> {
        if let (Some(least), Some(scores)) = (self.least, match_thresholds) {
            self.min_score = self.min_score.max(scores.min_score(least));
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

    /// Values of the wanted attributes over all that may be found; `None` when none are wanted.
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
            let facet = snapshot.facet(name, self.selection.as_deref(), MAX_VALUES)?;
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

    /// The `k` best results by their most similar of what is wanted, fewer only when there are no more, and
    /// whether that is exact. `None` when a quick attempt does not suffice.
    pub(crate) fn find(
        &self,
        snapshot: &Snapshot,
        wanted: &[QueryVector],
        k: usize,
        attempt: Attempt,
    ) -> Result<Option<(Vec<Found>, bool)>, IndexError> {
        let mut found: Vec<Found> = Vec::new();
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
            found.extend(answer.hits.into_iter().map(Found::from));
        }
        if wanted.len() > 1 {
            self.join(&mut found);
            found.truncate(k);
        }
        Ok(Some((found, exact)))
    }

    /// Joins what several vectors found: every result once, at its best.
    fn join(&self, found: &mut Vec<Found>) {
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.key.cmp(&b.key)));
        let mut seen = HashSet::new();
        match self.group_by {
            GroupBy::Product => found.retain(|found| seen.insert(found.product_id.clone())),
            GroupBy::Image => found.retain(|found| seen.insert(found.key.clone())),
        }
    }

    /// Adds to each product all of its images that may be found, best first.
    pub(crate) fn add_images(
        &self,
        snapshot: &Snapshot,
        wanted: &[QueryVector],
        products: &mut [Found],
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
            product.images = images.into_iter().collect();
            let by_score = |a: &(String, f32), b: &(String, f32)| {
                b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0))
            };
            product.images.sort_by(by_score);
        }
        Ok(())
    }
}

/// A filter as callers give it: an object, or a list of short forms.
fn filter(given: &Value) -> Result<Filter, FilterError> {
    match given.as_array() {
        // What is no text is told as what stands where a filter is expected.
        Some(texts) if texts.iter().all(Value::is_string) => {
            Filter::from_texts(texts.iter().filter_map(Value::as_str))
        }
        _ => Filter::from_json(given),
    }
}

impl From<GroupBy> for lookalike_index::GroupBy {
    fn from(group_by: GroupBy) -> Self {
        match group_by {
            GroupBy::Product => Self::Product,
            GroupBy::Image => Self::Image,
        }
    }
}

impl From<Hit> for Found {
    fn from(hit: Hit) -> Self {
        Self {
            product_id: hit.product_id,
            key: hit.key,
            score: hit.score,
            at: hit.address,
            attributes: hit.attributes,
            images: Vec::new(),
            collapsed: 0,
        }
    }
}

/// The sum of products, in eight sums that are added up at the end, as a processor does it at once.
pub(crate) fn dot(one: &[f32], other: &[f32]) -> f32 {
    let (ones, one) = one.as_chunks::<8>();
    let (others, other) = other.as_chunks::<8>();
    let mut sums = [0.0_f32; 8];
    for (one, other) in ones.iter().zip(others) {
        for ((sum, x), y) in sums.iter_mut().zip(one).zip(other) {
            *sum += x * y;
        }
    }
    let rest = one.iter().zip(other).map(|(x, y)| x * y);
    sums.iter().copied().chain(rest).sum()
}
