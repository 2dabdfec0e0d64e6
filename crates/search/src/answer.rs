//! What searching takes and gives.

use std::collections::BTreeMap;
use std::time::Instant;

use lookalike_core::model::{ImageRecord, Metadata};
use lookalike_index::{Changed, Fingerprint, Match, SegmentId};
use serde::Serialize;

/// The answer to a search, best product first.
#[derive(Debug, Clone)]
pub struct Answer {
    /// At most `k` products, each once, by falling score; in another order where they are to be diverse,
    /// and images where these are the results.
    pub results: Vec<FoundProduct>,
    /// True if every image that may be found was compared, rather than a graph walked.
    pub exact: bool,
    /// The number of times that each value of the wanted attributes occurs among all products that may be found, most
    /// frequent first.
    pub facets: Option<BTreeMap<String, Vec<FacetValue>>>,
    /// The cursor of the next page; `None` on the last one.
    pub next_cursor: Option<String>,
    /// The index that was searched.
    pub index: IndexState,
    /// Where the time went.
    pub timings: QueryTimings,
}

/// One product found, through the best of its images.
#[derive(Debug, Clone)]
pub struct FoundProduct {
    /// The id of the product, which is what a customer buys.
    pub product_id: String,
    /// Cosine similarity of the query and the image, -1 to 1.
    pub score: f32,
    /// What that score means in this catalog; `None` where it has too few images to tell.
    pub class: Option<Match>,
    /// Key of its most similar image.
    pub image_key: String,
    /// A link that answers `GET` with that image, where links were wanted.
    pub image_url: Option<String>,
    /// All of its images that are similar enough, best first, where they were wanted.
    pub images: Option<Vec<FoundImage>>,
    /// Other products with nearly the same image that were left out for it, where that was wanted.
    pub collapsed: Option<usize>,
    /// From the table; `category` from the image's folder where the table has none.
    pub metadata: Metadata,
}

/// One image of a product that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundImage {
    /// Its key.
    pub key: String,
    /// A link that answers `GET` with it, where links were wanted.
    pub url: Option<String>,
    /// Cosine similarity of the query and the image, -1 to 1.
    pub score: f32,
}

/// A value of an attribute, and how many products have it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FacetValue {
    /// The value: text, number or boolean.
    pub value: serde_json::Value,
    /// Products with an image that has it.
    pub count: u64,
}

/// A product with all its images.
#[derive(Debug, Clone)]
pub struct ProductView {
    /// The id of the product, which is what a customer buys.
    pub product_id: String,
    /// From the table; `category` from the image's folder where the table has none.
    pub metadata: Metadata,
    /// Key and link of each image, by key.
    pub images: Vec<(String, String)>,
}

/// Which index gave an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IndexState {
    /// Grows by one with every published manifest; 0 before the first.
    pub generation: u64,
    /// Images that can be found.
    pub images: u64,
    /// Distinct products among them.
    pub products: u64,
    /// The newest segment. It tells this index from one that was made again and has come to the same generation.
    #[serde(skip)]
    pub newest: Option<SegmentId>,
    /// Set when the index could not be refreshed and the last good one was searched: why, in words for
    /// callers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale: Option<String>,
}

/// Milliseconds spent on one query.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct QueryTimings {
    /// Image to embedding, 0 when the embedding was at hand.
    pub embedding_ms: f64,
    /// Embedding to ranked products, without links and metadata.
    pub search_ms: f64,
}

/// The state of the index in full.
#[derive(Debug, Clone)]
pub struct IndexInfo {
    /// Counts and generation.
    pub state: IndexState,
    /// Name of the encoder that embeds queries, the one that made the index.
    pub encoder_name: String,
    /// Identifies its vectors.
    pub fingerprint: Fingerprint,
    /// Length of its vectors.
    pub dimensions: usize,
    /// The segments that make up the index, oldest first.
    pub segments: Vec<SegmentInfo>,
    /// Images that could not be indexed.
    pub failed: u64,
    /// The 50 of them that failed last, the last first.
    pub failures: Vec<ImageRecord>,
    /// The indexes of other encoders that are kept beside it.
    pub sides: Vec<StandbyInfo>,
    /// What can be filtered by: what images have, and what is declared, by name.
    pub filterable: Vec<FilterableInfo>,
    /// The changes of the last generations, newest first.
    pub history: Vec<GenerationInfo>,
    /// The encoder that this release or its settings bring, when that is another one than the index's.
    pub configured: Option<EncoderInfo>,
}

/// The changes of a generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GenerationInfo {
    /// The generation.
    pub generation: u64,
    /// When it was published, as RFC 3339 in UTC.
    pub published: String,
    /// Its changes in words.
    pub summary: String,
    /// Its changes as numbers and names.
    #[serde(flatten)]
    pub changed: Changed,
}

/// An attribute that can be filtered by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilterableInfo {
    /// Its name.
    pub name: String,
    /// What its values are, such as `text`, `number` or `list of texts`; `nothing` where no image has one.
    pub types: String,
    /// Products of which an image has it.
    pub products: u64,
}

/// An encoder, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EncoderInfo {
    /// Its name.
    pub name: String,
    /// Identifies its vectors.
    pub fingerprint: Fingerprint,
    /// Length of its vectors.
    pub dimensions: usize,
}

/// An index beside the one that is searched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StandbyInfo {
    /// `building` or `previous`.
    pub role: &'static str,
    /// Its encoder.
    pub encoder: EncoderInfo,
    /// Rows in its segments, deleted ones included.
    pub rows: u64,
    /// Size of its segments in bytes.
    pub bytes: u64,
    /// True if its encoder can be had; without it, the index is not kept up to date.
    pub available: bool,
}

/// One segment of the index.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SegmentInfo {
    /// `base` or `delta`.
    pub kind: &'static str,
    /// Rows in it, deleted ones included.
    pub rows: u64,
    /// Size of the object in bytes.
    pub bytes: u64,
    /// Share of the ten most similar images that its graph finds, 0 to 1, as measured when it was built;
    /// `None` without a graph, where every image is looked at, and for a graph of version 1, of which
    /// nothing was measured.
    pub recall: Option<f64>,
}

/// Returns the milliseconds since a moment.
pub(crate) fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}
