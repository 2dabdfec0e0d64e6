//! What was found.

use std::collections::BTreeMap;

use lookalike_core::{Match, Metadata};
use lookalike_search::{Answer, FacetValue, FoundImage, FoundProduct, QueryTimings};
use serde::Serialize;
use utoipa::ToSchema;

use super::index::IndexReply;
use super::product::ImageReply;
use crate::request::MatchSchema;

/// The products found, best first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchAnswer)]
pub struct SearchReply {
    /// At most `k` products, each once, by falling score; pictures where these are the results, and in another
    /// order where they are to be diverse.
    results: Vec<FoundReply>,
    /// Whether every picture that may be found was compared. A graph, which large catalogs have, finds nearly
    /// all of the best.
    exact: bool,
    /// Only when asked for: how many products have each value of an attribute, the most frequent values first.
    #[serde(skip_serializing_if = "Option::is_none")]
    facets: Option<BTreeMap<String, Vec<FacetReply>>>,
    /// `cursor` for the page after this one; not there on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// The index that was searched.
    index: IndexReply,
    /// Where the time went. It comes last: all before is the same whatever time it took.
    query: QueryReply,
}

/// A reply as it is sent.
pub(crate) struct WrittenReply {
    /// JSON.
    pub(crate) body: Vec<u8>,
    /// How many bytes, from the start, are the same whatever time it took.
    answer: usize,
}

impl WrittenReply {
    /// What is the same for the same answer, and else most likely another.
    pub(crate) fn answer(&self) -> &[u8] {
        &self.body[..self.answer]
    }
}

/// A product that looks like the query.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FoundProduct)]
pub(crate) struct FoundReply {
    /// What a customer buys.
    product_id: String,
    /// Cosine similarity of the query and the product's most similar picture, -1 to 1.
    score: f32,
    /// What that means in this catalog; not there while it has too few pictures to tell.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MatchSchema>)]
    class: Option<Match>,
    /// The product's most similar picture.
    image: ImageReply,
    /// Only with `images=all`: every picture of the product that is similar enough, best first.
    #[serde(skip_serializing_if = "Option::is_none")]
    images: Option<Vec<ScoredImageReply>>,
    /// Only with `collapse`: other products with nearly the same picture that are not results for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    collapsed: Option<usize>,
    /// What is known about the product; empty when nothing was imported.
    #[schema(value_type = Object)]
    metadata: Metadata,
}

/// A catalog picture that was found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScoredImage)]
pub(crate) struct ScoredImageReply {
    /// Key of the object.
    key: String,
    /// A signed link that answers GET with the picture for a while; not there with `links=false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// Cosine similarity of the query and the picture, -1 to 1.
    score: f32,
}

/// How often a value occurs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Facet)]
pub(crate) struct FacetReply {
    /// The value.
    value: serde_json::Value,
    /// Products that have it.
    count: u64,
}

/// Milliseconds spent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueryTimings)]
pub(crate) struct QueryReply {
    /// Picture to embedding; 0 when the embedding was at hand.
    embedding_ms: f64,
    /// Embedding to ranked products.
    search_ms: f64,
}

impl SearchReply {
    /// Whether an index older than the stored one gave the answer.
    pub(crate) fn is_stale(&self) -> bool {
        self.index.stale.is_some()
    }

    /// The index that was searched.
    pub(crate) fn index(&self) -> &IndexReply {
        &self.index
    }

    /// The reply as it is sent; `None` when it is no JSON.
    pub(crate) fn written(&self) -> Option<WrittenReply> {
        let body = serde_json::to_vec(self).ok()?;
        let times = serde_json::to_vec(&self.query).ok()?;
        let answer = body.len().checked_sub(times.len() + "}".len())?;
        debug_assert!(body[answer..].starts_with(&times), "times come last");
        Some(WrittenReply { body, answer })
    }
}

impl From<Answer> for SearchReply {
    fn from(answer: Answer) -> Self {
        Self {
            results: answer.results.into_iter().map(FoundReply::from).collect(),
            exact: answer.exact,
            facets: answer.facets.map(|facets| {
                let counted =
                    |values: Vec<FacetValue>| values.into_iter().map(FacetReply::from).collect();
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

impl From<FoundProduct> for FoundReply {
    fn from(found: FoundProduct) -> Self {
        Self {
            product_id: found.product_id,
            score: found.score,
            class: found.class,
            image: ImageReply {
                key: found.image_key,
                url: found.image_url,
            },
            images: found.images.map(|images| {
                let images = images.into_iter();
                images.map(ScoredImageReply::from).collect()
            }),
            collapsed: found.collapsed,
            metadata: found.metadata,
        }
    }
}

impl From<FoundImage> for ScoredImageReply {
    fn from(image: FoundImage) -> Self {
        Self {
            key: image.key,
            url: image.url,
            score: image.score,
        }
    }
}

impl From<FacetValue> for FacetReply {
    fn from(facet: FacetValue) -> Self {
        Self {
            value: facet.value,
            count: facet.count,
        }
    }
}

impl From<QueryTimings> for QueryReply {
    fn from(timings: QueryTimings) -> Self {
        let to_microseconds = |milliseconds: f64| (milliseconds * 1000.0).round() / 1000.0;
        Self {
            embedding_ms: to_microseconds(timings.embedding_ms),
            search_ms: to_microseconds(timings.search_ms),
        }
    }
}
