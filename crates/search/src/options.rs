//! The options of a search: how many results, in which order, and what comes with them.

use lookalike_index::Match;
use serde_json::Value;
use utoipa::ToSchema;

use crate::error::SearchError;
use crate::limits::{MAX_FACETS, MAX_FIELDS, MAX_K};

/// The options of a search. The default is the ten best products with all their metadata.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchOptions {
    /// The number of results, 1 to [`MAX_K`].
    pub k: usize,
    /// Minimum cosine similarity of a result, -1 to 1.
    pub min_score: f32,
    /// The weakest match that is a result. Without effect while the catalog has too few images to tell.
    pub min_match: Option<Match>,
    /// The filter as the caller wrote it: an object, or an array of short forms.
    pub filter: Option<Value>,
    /// The unit of results.
    pub group_by: GroupBy,
    /// The images that come with a product.
    pub images: Images,
    /// The degree to which results should differ from each other, 0 (not at all) to 1: maximal marginal relevance.
    pub diversity: f32,
    /// If true, several products with nearly the same image are one result.
    pub collapse: bool,
    /// Only these members of the metadata; `None` for all of them.
    pub fields: Option<Vec<String>>,
    /// Attributes whose values are counted.
    pub facets: Vec<String>,
    /// If true, images come with links, which are signed one by one and expire.
    pub links: bool,
    /// The cursor of the page before.
    pub cursor: Option<String>,
    /// Minimum generation of the index.
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

/// The unit of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum GroupBy {
    /// A product, once, through its most similar image.
    #[default]
    Product,
    /// An image.
    Image,
}

/// The images that come with a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum Images {
    /// The most similar one.
    #[default]
    Best,
    /// All that are similar enough, best first.
    All,
}

impl SearchOptions {
    /// Refuses options that are out of range, before any work is done.
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

    /// True if the results are as the index returns them.
    pub(crate) fn is_plain(&self) -> bool {
        self.group_by == GroupBy::Product
            && self.images == Images::Best
            && self.diversity == 0.0
            && !self.collapse
            && self.facets.is_empty()
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
