//! Answers about products. They are serialized as they are: names, order and descriptions of the members are the
//! contract of the HTTP interface.

use std::collections::BTreeMap;

use lookalike_core::model::Metadata;
use lookalike_index::{Hit, Match, RowAddress};
use serde::{Serialize, Serializer};
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::index_info::IndexState;

/// The results of a search, best first.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = SearchAnswer)]
pub struct Answer {
    /// At most `k` products, each once, by descending score; images with `group_by=image`, and another order with
    /// `diversity`.
    pub results: Vec<FoundProduct>,
    /// True if every candidate was compared. Large catalogs have a graph, which finds nearly all of the best.
    pub exact: bool,
    /// False if more or better results may exist that neither this page nor a next one has: an index with a vector base
    /// returns a limited number of images for a query. Then there is no next page. Absent if true.
    #[serde(skip_serializing_if = "is_true")]
    #[schema(required = false)]
    pub complete: bool,
    /// Number of products by value of each attribute in `facets`, the most frequent values first; absent without
    /// `facets`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facets: Option<BTreeMap<String, Vec<FacetValue>>>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// The searched index.
    pub index: IndexState,
    /// Timings. They are serialized last: everything before does not depend on them.
    #[serde(rename = "query")]
    pub timings: QueryTimings,
}

/// A product that looks like the query.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FoundProduct {
    /// The id of the product.
    pub product_id: String,
    /// Cosine similarity of the query and the product's most similar image, -1 to 1.
    pub score: f32,
    /// The meaning of the score in this catalog; absent while the catalog has too few images to tell.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    pub class: Option<Match>,
    /// The product's most similar image.
    pub image: LinkedImage,
    /// Every image of the product that is similar enough, best first; only with `images=all`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<Vec<ScoredImage>>,
    /// Number of other products that are left out for nearly the same image; only with `collapse`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collapsed: Option<usize>,
    /// The imported metadata; empty if there is none.
    #[schema(value_type = Object)]
    pub metadata: Metadata,
    /// The row of the image.
    #[serde(skip)]
    pub(crate) address: RowAddress,
}

/// A catalog image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Image)]
pub struct LinkedImage {
    /// Key of the object.
    pub key: String,
    /// A signed link to GET the image, which expires; absent with `links=false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A catalog image with its score.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ScoredImage {
    /// Key of the object.
    pub key: String,
    /// A signed link to GET the image, which expires; absent with `links=false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Cosine similarity of the query and the image, -1 to 1.
    pub score: f32,
}

/// The frequency of a value.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Facet)]
pub struct FacetValue {
    /// The value.
    pub value: serde_json::Value,
    /// Number of products that have it.
    pub count: u64,
}

/// A product with all its images.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Product)]
pub struct ProductView {
    /// The id of the product.
    pub product_id: String,
    /// The imported metadata; empty if there is none.
    #[schema(value_type = Object)]
    pub metadata: Metadata,
    /// Its images, by key.
    pub images: Vec<LinkedImage>,
}

/// Timings in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct QueryTimings {
    /// From images to the query vector; 0 if it was cached.
    #[serde(serialize_with = "in_microseconds")]
    pub embedding_ms: f64,
    /// From the query vector to ranked products.
    #[serde(serialize_with = "in_microseconds")]
    pub search_ms: f64,
}

impl From<Hit> for FoundProduct {
    /// Without links and match; the metadata are the attributes of the image.
    fn from(hit: Hit) -> Self {
        Self {
            product_id: hit.product_id,
            score: hit.score,
            class: None,
            image: LinkedImage {
                key: hit.key,
                url: None,
            },
            images: None,
            collapsed: None,
            metadata: hit.attributes,
            address: hit.address,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_true(complete: &bool) -> bool {
    *complete
}

/// Returns the milliseconds since a moment.
pub(crate) fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// Serializes milliseconds with three decimals.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn in_microseconds<S: Serializer>(milliseconds: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((milliseconds * 1000.0).round() / 1000.0)
}
