//! Results of a search.

use std::collections::BTreeMap;

use lookalike_core::{Match, Metadata};
use lookalike_search::{Answer, FacetValue, FoundImage, FoundProduct, QueryTimings};
use serde::Serialize;
use utoipa::ToSchema;

use super::index::IndexStateResponse;
use super::product::ImageResponse;
use crate::request::MatchSchema;

/// The results of a search, best first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchAnswer)]
pub struct SearchResponse {
    /// At most `k` products, each once, by descending score; images with `group_by=image`, and another order with
    /// `diversity`.
    results: Vec<FoundProductResponse>,
    /// True if every candidate was compared. Large catalogs have a graph, which finds nearly all of the best.
    exact: bool,
    /// Number of products by value of each attribute in `facets`, the most frequent values first; absent without
    /// `facets`.
    #[serde(skip_serializing_if = "Option::is_none")]
    facets: Option<BTreeMap<String, Vec<FacetResponse>>>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// The searched index.
    index: IndexStateResponse,
    /// Timings. They are serialized last: everything before does not depend on them.
    query: QueryTimingsResponse,
}

/// A serialized reply.
pub(crate) struct SerializedAnswer {
    /// JSON.
    pub(crate) body: Vec<u8>,
    /// Number of bytes before the timings.
    answer_length: usize,
}

impl SerializedAnswer {
    /// Returns the bytes that do not depend on the timings.
    pub(crate) fn answer(&self) -> &[u8] {
        &self.body[..self.answer_length]
    }
}

/// A product that looks like the query.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FoundProduct)]
pub(crate) struct FoundProductResponse {
    /// The id of the product.
    product_id: String,
    /// Cosine similarity of the query and the product's most similar image, -1 to 1.
    score: f32,
    /// The meaning of the score in this catalog; absent while the catalog has too few images to tell.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MatchSchema>)]
    class: Option<Match>,
    /// The product's most similar image.
    image: ImageResponse,
    /// Every image of the product that is similar enough, best first; only with `images=all`.
    #[serde(skip_serializing_if = "Option::is_none")]
    images: Option<Vec<ScoredImageResponse>>,
    /// Number of other products that are left out for nearly the same image; only with `collapse`.
    #[serde(skip_serializing_if = "Option::is_none")]
    collapsed: Option<usize>,
    /// The imported metadata; empty if there is none.
    #[schema(value_type = Object)]
    metadata: Metadata,
}

/// A catalog image with its score.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScoredImage)]
pub(crate) struct ScoredImageResponse {
    /// Key of the object.
    key: String,
    /// A signed link to GET the image, which expires; absent with `links=false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// Cosine similarity of the query and the image, -1 to 1.
    score: f32,
}

/// The frequency of a value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Facet)]
pub(crate) struct FacetResponse {
    /// The value.
    value: serde_json::Value,
    /// Number of products that have it.
    count: u64,
}

/// Timings in milliseconds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueryTimings)]
pub(crate) struct QueryTimingsResponse {
    /// From images to the query vector; 0 if it was cached.
    embedding_ms: f64,
    /// From the query vector to ranked products.
    search_ms: f64,
}

impl SearchResponse {
    /// True if an index older than the stored one gave the answer.
    pub(crate) fn is_stale(&self) -> bool {
        self.index.stale.is_some()
    }

    /// Returns the searched index.
    pub(crate) fn index(&self) -> &IndexStateResponse {
        &self.index
    }

    /// Returns the reply as JSON; `None` if it cannot be serialized.
    pub(crate) fn serialized(&self) -> Option<SerializedAnswer> {
        let body = serde_json::to_vec(self).ok()?;
        let times = serde_json::to_vec(&self.query).ok()?;
        let answer_length = body.len().checked_sub(times.len() + "}".len())?;
        debug_assert!(body[answer_length..].starts_with(&times), "times come last");
        Some(SerializedAnswer {
            body,
            answer_length,
        })
    }
}

impl From<Answer> for SearchResponse {
    fn from(answer: Answer) -> Self {
        Self {
            results: answer
                .results
                .into_iter()
                .map(FoundProductResponse::from)
                .collect(),
            exact: answer.exact,
            facets: answer.facets.map(|facets| {
                let counted =
                    |values: Vec<FacetValue>| values.into_iter().map(FacetResponse::from).collect();
                let facets = facets.into_iter();
                facets
                    .map(|(name, values)| (name, counted(values)))
                    .collect()
            }),
            next_cursor: answer.next_cursor,
            index: answer.index.into(),
            query: answer.timings.into(),
        }
    }
}

impl From<FoundProduct> for FoundProductResponse {
    fn from(found: FoundProduct) -> Self {
        Self {
            product_id: found.product_id,
            score: found.score,
            class: found.class,
            image: ImageResponse {
                key: found.image_key,
                url: found.image_url,
            },
            images: found.images.map(|images| {
                let images = images.into_iter();
                images.map(ScoredImageResponse::from).collect()
            }),
            collapsed: found.collapsed,
            metadata: found.metadata,
        }
    }
}

impl From<FoundImage> for ScoredImageResponse {
    fn from(image: FoundImage) -> Self {
        Self {
            key: image.key,
            url: image.url,
            score: image.score,
        }
    }
}

impl From<FacetValue> for FacetResponse {
    fn from(facet: FacetValue) -> Self {
        Self {
            value: facet.value,
            count: facet.count,
        }
    }
}

impl From<QueryTimings> for QueryTimingsResponse {
    fn from(timings: QueryTimings) -> Self {
        let to_microseconds = |milliseconds: f64| (milliseconds * 1000.0).round() / 1000.0;
        Self {
            embedding_ms: to_microseconds(timings.embedding_ms),
            search_ms: to_microseconds(timings.search_ms),
        }
    }
}
