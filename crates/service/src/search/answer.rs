//! What searching takes and gives.

use std::collections::BTreeMap;

use lookalike_encoder::{MAX_BYTES, MAX_PIXELS, ImageError};
use lookalike_index::{Changed, FilterError, Fingerprint, Match, SegmentId};
use serde::Serialize;

use super::options::{MAX_FACETS, MAX_FIELDS, MAX_K};
use super::query::BadQuery;
use crate::error::{StoreError, StoreErrorKind};
use crate::memory_budget::ExceedsMemory;
use crate::model::{ImageRecord, Metadata};

/// The answer to a search, best product first.
#[derive(Debug, Clone)]
pub struct Answer {
    /// At most `k` products, each once, by falling score; in another order where they are to be diverse,
    /// and pictures where these are the results.
    pub results: Vec<FoundProduct>,
    /// Whether every picture that may be found was compared, rather than a graph walked.
    pub exact: bool,
    /// How often each value of the wanted attributes occurs among all products that may be found, most
    /// frequent first.
    pub facets: Option<BTreeMap<String, Vec<FacetValue>>>,
    /// What to ask with for the next page; none on the last one.
    pub next_cursor: Option<String>,
    /// The index that was searched.
    pub index: IndexState,
    /// Where the time went.
    pub timings: QueryTimings,
}

/// One product found, through the best of its pictures.
#[derive(Debug, Clone)]
pub struct FoundProduct {
    /// What a customer buys.
    pub product_id: String,
    /// Cosine similarity of the query and the picture, -1 to 1.
    pub score: f32,
    /// What that score means in this catalog; `None` where it has too few pictures to tell.
    pub class: Option<Match>,
    /// Key of its most similar picture.
    pub image_key: String,
    /// A link that answers `GET` with that picture, where links were wanted.
    pub image_url: Option<String>,
    /// All of its pictures that are similar enough, best first, where they were wanted.
    pub images: Option<Vec<FoundImage>>,
    /// Other products with nearly the same picture that were left out for it, where that was wanted.
    pub collapsed: Option<usize>,
    /// From the table; `category` from the picture's folder where the table has none.
    pub metadata: Metadata,
}

/// One picture of a product that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundImage {
    /// Its key.
    pub key: String,
    /// A link that answers `GET` with it, where links were wanted.
    pub url: Option<String>,
    /// Cosine similarity of the query and the picture, -1 to 1.
    pub score: f32,
}

/// A value of an attribute, and how many products have it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FacetValue {
    /// The value: text, number or boolean.
    pub value: serde_json::Value,
    /// Products with a picture that has it.
    pub count: u64,
}

/// A product with all its pictures.
#[derive(Debug, Clone)]
pub struct ProductView {
    /// What a customer buys.
    pub product_id: String,
    /// From the table; `category` from the picture's folder where the table has none.
    pub metadata: Metadata,
    /// Key and link of each picture, by key.
    pub images: Vec<(String, String)>,
}

/// Which index gave an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IndexState {
    /// Grows by one with every published manifest; 0 before the first.
    pub generation: u64,
    /// Pictures that can be found.
    pub images: u64,
    /// Distinct products among them.
    pub products: u64,
    /// The newest segment: what tells it from an index that was made anew, and has come to the same generation.
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
    /// Picture to embedding, 0 when the embedding was at hand.
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
    /// What identifies its vectors.
    pub fingerprint: Fingerprint,
    /// Length of its vectors.
    pub dimensions: usize,
    /// The segments that make up the index, oldest first.
    pub segments: Vec<SegmentInfo>,
    /// Pictures that could not be indexed.
    pub failed: u64,
    /// The 50 of them that failed last, the last first.
    pub failures: Vec<ImageRecord>,
    /// The indexes of other encoders that are kept beside it.
    pub sides: Vec<SideInfo>,
    /// What can be filtered by: what pictures have, and what is declared, by name.
    pub filterable: Vec<FilterableInfo>,
    /// What the last generations changed, newest first.
    pub history: Vec<GenerationInfo>,
    /// The encoder that this release or its settings bring, when that is another one than the index's.
    pub configured: Option<EncoderInfo>,
}

/// What a generation changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GenerationInfo {
    /// The generation.
    pub generation: u64,
    /// When it was published, as RFC 3339 in UTC.
    pub published: String,
    /// What it changed, in words.
    pub summary: String,
    /// The same as numbers and names.
    #[serde(flatten)]
    pub changed: Changed,
}

/// An attribute that can be filtered by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilterableInfo {
    /// Its name.
    pub name: String,
    /// What its values are, such as `text`, `number` or `list of texts`; `nothing` where no picture has one.
    pub types: String,
    /// Products of which a picture has it.
    pub products: u64,
}

/// An encoder, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EncoderInfo {
    /// Its name.
    pub name: String,
    /// What identifies its vectors.
    pub fingerprint: Fingerprint,
    /// Length of its vectors.
    pub dimensions: usize,
}

/// An index beside the one that is searched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SideInfo {
    /// `building` or `previous`.
    pub role: &'static str,
    /// Its encoder.
    pub encoder: EncoderInfo,
    /// Rows in its segments, superseded ones included.
    pub rows: u64,
    /// Size of its segments in bytes.
    pub bytes: u64,
    /// Whether its encoder can be had; without it, the index is not kept up to date.
    pub available: bool,
}

/// One segment of the index.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SegmentInfo {
    /// `base` or `delta`.
    pub kind: &'static str,
    /// Rows in it, superseded ones included.
    pub rows: u64,
    /// Size of the object in bytes.
    pub bytes: u64,
    /// Share of the ten most similar pictures that its graph finds, 0 to 1, as measured when it was built;
    /// `None` without a graph, where every picture is looked at, and for a graph of version 1, of which
    /// nothing was measured.
    pub recall: Option<f64>,
}

/// Why a search could not be answered.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SearchError {
    /// The picture cannot be embedded.
    #[error(transparent)]
    Picture(#[from] ImageError),
    /// The picture takes more memory than this process has for pictures.
    #[error(transparent)]
    ExceedsMemory(#[from] ExceedsMemory),
    /// The images of the query have more pixels together than one request may have decoded.
    #[error(
        "the images of the query have {0} pixels together, but at most {MAX_PIXELS} are decoded for one request: \
         send smaller images or fewer"
    )]
    TooManyPixels(u64),
    /// The image files of the query have more bytes together than one request may have read.
    #[error(
        "the images of the query have more than {MAX_BYTES} bytes together, which is all that is read for one \
         request: send smaller images or fewer"
    )]
    TooManyBytes,
    /// The number of results asked for is out of range.
    #[error("k is {0}, but it must be between 1 and {MAX_K}")]
    KOutOfRange(usize),
    /// The least score asked for is no cosine similarity.
    #[error("min_score is {0}, but it must be between -1 and 1")]
    MinScoreOutOfRange(f32),
    /// The items make no query.
    #[error(transparent)]
    BadQuery(#[from] BadQuery),
    /// One item of a query of several cannot be used.
    #[error("query[{at}]: {error}")]
    Item {
        /// Which.
        at: usize,
        /// What is wrong with it.
        error: Box<SearchError>,
    },
    /// A vector of another encoder than the index has.
    #[error(
        "the vector is of encoder {found}, but the index of {expected}: vectors of two encoders do not compare"
    )]
    VectorOfOtherEncoder {
        /// The encoder of the index.
        expected: Fingerprint,
        /// The encoder that the caller named.
        found: Fingerprint,
    },
    /// A vector of another length than the index has.
    #[error("the vector has {found} numbers, but those of the index have {expected}")]
    VectorLength {
        /// Length of the vectors of the index.
        expected: usize,
        /// Length of the vector.
        found: usize,
    },
    /// A vector of zeros, or with a number that is none.
    #[error("the vector has no direction: its numbers must be finite and not all zero")]
    VectorWithoutDirection,
    /// How much results are to differ is out of range.
    #[error("diversity is {0}, but it must be between 0 and 1")]
    DiversityOutOfRange(f32),
    /// More metadata members were chosen than can be.
    #[error("fields has {0} names, at most {MAX_FIELDS} are allowed")]
    TooManyFields(usize),
    /// More attributes are to be counted than can be.
    #[error("facets has {0} names, at most {MAX_FACETS} are allowed")]
    TooManyFacets(usize),
    /// The filter makes no sense, or asks for an attribute that is not there.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// A cursor that was not given out for this query.
    #[error("the cursor cannot be used: {0}")]
    InvalidCursor(&'static str),
    /// The generation that a cursor is about is gone.
    #[error(
        "the page cannot be continued: it is of generation {generation}, the index has moved on to {current}; \
         search again without a cursor"
    )]
    CursorExpired {
        /// The generation of the cursor.
        generation: u64,
        /// The generation that is searched now.
        current: u64,
    },
    /// The index is older than the caller can do with.
    #[error(
        "the index has generation {current}, but min_generation is {wanted}: try again once that is published"
    )]
    NotYetIndexed {
        /// The generation that there is.
        current: u64,
        /// The generation that the caller waits for.
        wanted: u64,
    },
    /// The product has no indexed picture (searching) or is altogether unknown (looking up).
    #[error("there is no product {0:?} with an indexed picture")]
    UnknownProduct(String),
    /// Nothing is stored at the key.
    #[error("there is no object at key {0:?}: upload the picture first")]
    UnknownKey(String),
    /// The key is outside of what callers may read.
    #[error(
        "key {0:?} is not allowed: it must begin with uploads/ or catalog/ and have no empty, . or .. parts"
    )]
    ForbiddenKey(String),
    /// The key cannot be that of a catalog picture.
    #[error(
        "key {0:?} is no catalog picture's: it must begin with catalog/ and not end with a slash"
    )]
    NoCatalogKey(String),
    /// An upload of a media type that the encoder cannot read.
    #[error(
        "media type {0:?} is not supported: use image/jpeg, image/png, image/webp, \
         image/gif, image/bmp, image/tiff or image/avif"
    )]
    UnsupportedMediaType(String),
    /// The index was made by another encoder, which cannot be had.
    #[error(
        "the index was made by encoder {found}, but this function embeds with {expected}, and the \
         former is not stored beside the index: configure the index's encoder or index the catalog again"
    )]
    OtherEncoder {
        /// The configured encoder.
        expected: Fingerprint,
        /// The encoder of the index.
        found: Fingerprint,
    },
    /// The encoder cannot be loaded.
    #[error("the encoder cannot be loaded: {0}")]
    Encoder(String),
    /// The stored index cannot be read.
    #[error("the stored index cannot be read: {0}")]
    Index(#[from] lookalike_index::IndexError),
    /// The newest manifest names a segment that is not there.
    #[error(
        "the stored index is incomplete: segment {id} is missing; restore it, or index the catalog again"
    )]
    MissingSegment {
        /// The segment.
        id: SegmentId,
        /// What the store said.
        source: StoreError,
    },
    /// A store did not answer as it should.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SearchError {
    /// Whether a picture is at fault, whatever the state of the index.
    pub(crate) fn is_about_a_picture(&self) -> bool {
        match self {
            Self::Picture(_)
            | Self::ExceedsMemory(_)
            | Self::TooManyPixels(_)
            | Self::TooManyBytes => true,
            Self::Item { error, .. } => error.is_about_a_picture(),
            _ => false,
        }
    }

    /// The error in words that may leave the service: stores name their buckets and tables, and those
    /// are nobody's business outside.
    pub(crate) fn for_callers(&self) -> String {
        let known = match self {
            Self::Store(store) => match store.kind {
                StoreErrorKind::Unavailable | StoreErrorKind::Conflict => {
                    "a store behind the service is busy or failing"
                }
                StoreErrorKind::NotFound | StoreErrorKind::Denied => {
                    "a bucket or object that the service needs is missing or closed to it"
                }
                StoreErrorKind::Invalid => "a store behind the service did not answer as it should",
            },
            Self::Encoder(_) => "the encoder could not be loaded",
            other => return other.to_string(),
        };
        known.to_owned()
    }
}
