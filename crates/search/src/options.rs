//! How much of the ranking to return, in which order, and what of it.

use lookalike_index::Match;
use serde_json::Value;

use crate::error::SearchError;
use crate::limits::{MAX_FACETS, MAX_FIELDS, MAX_K};

/// What of the ranking to return. The default is the ten best products, with all that is known of them.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchOptions {
    /// The number of results, 1 to [`MAX_K`].
    pub k: usize,
    /// Least cosine similarity of a result, -1 to 1.
    pub min_score: f32,
    /// The weakest match that is a result, where the catalog is known well enough to tell.
    pub min_match: Option<Match>,
    /// Only what this allows, as it was given: an object, or an array of short forms.
    pub filter: Option<Value>,
    /// The kind of a result.
    pub group_by: GroupBy,
    /// Which images come with a product.
    pub images: Images,
    /// The degree to which results should differ from each other, 0 (not at all) to 1: maximal marginal relevance.
    pub diversity: f32,
    /// Nearly the same image of several products is one result.
    pub collapse: bool,
    /// Only these members of the metadata; all of them without.
    pub fields: Option<Vec<String>>,
    /// Attributes whose values are counted.
    pub facets: Vec<String>,
    /// True if images come with links, which are signed one by one and end after a while.
    pub links: bool,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// The index has to be at least so new.
    pub min_generation: Option<u64>,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self {
            k: 10,
            min_score: 0.0,
            min_match: None,
            filter: None,
            group_by: GroupBy::Product,
            images: Images::Best,
            diversity: 0.0,
            collapse: false,
            fields: None,
            facets: Vec::new(),
            links: true,
            cursor: None,
            min_generation: None,
        }
    }
}

/// The kind of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GroupBy {
    /// A product, once, through the best of its images.
    #[default]
    Product,
    /// An image.
    Image,
}

/// Which images come with a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Images {
    /// The most similar one.
    #[default]
    Best,
    /// Each that is similar enough, best first.
    All,
}

impl SearchOptions {
    /// Refuses what is out of range, before any work is done.
    pub(crate) fn check(&self) -> Result<(), SearchError> {
        if !(1..=MAX_K).contains(&self.k) {
            return Err(SearchError::KOutOfRange(self.k));
        }
        if !(-1.0..=1.0).contains(&self.min_score) {
            return Err(SearchError::MinScoreOutOfRange(self.min_score));
        }
        if !(0.0..=1.0).contains(&self.diversity) {
            return Err(SearchError::DiversityOutOfRange(self.diversity));
        }
        if let Some(fields) = &self.fields
            && fields.len() > MAX_FIELDS
        {
            return Err(SearchError::TooManyFields(fields.len()));
        }
        if self.facets.len() > MAX_FACETS {
            return Err(SearchError::TooManyFacets(self.facets.len()));
        }
        Ok(())
    }

    /// True if it asks for the ranking as the index gives it.
    pub(crate) fn is_plain(&self) -> bool {
        self.group_by == GroupBy::Product
            && self.images == Images::Best
            && self.diversity == 0.0
            && !self.collapse
            && self.facets.is_empty()
    }
}
