use lookalike_core::encoder_cell::EmbedError;
use lookalike_core::encoders::NoEncoder;
use lookalike_core::error::{StoreError, StoreErrorKind};
use lookalike_core::memory_budget::ExceedsMemory;
use lookalike_encoder::{ImageError, MAX_BYTES, MAX_PIXELS};
use lookalike_index::{FilterError, Fingerprint, IndexError, SegmentId};

use crate::limits::{MAX_FACETS, MAX_FIELDS, MAX_K};
use crate::query::BadQuery;
use crate::vector_base::Unsupported;

/// The reason why a search or lookup failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SearchError {
    /// The image cannot be embedded.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The image takes more memory than this process has for images.
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
    /// The minimum score is no cosine similarity.
    #[error("min_score is {0}, but it must be between -1 and 1")]
    MinScoreOutOfRange(f32),
    /// The items make no query.
    #[error(transparent)]
    BadQuery(#[from] BadQuery),
    /// One item of a query of several cannot be used.
    #[error("query[{at}]: {error}")]
    Item {
        /// Position of the item.
        at: usize,
        /// The fault.
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
    /// A vector of zeros, or with a number that is not finite.
    #[error("the vector has no direction: its numbers must be finite and not all zero")]
    VectorWithoutDirection,
    /// The diversity is out of range.
    #[error("diversity is {0}, but it must be between 0 and 1")]
    DiversityOutOfRange(f32),
    /// Too many metadata members were chosen.
    #[error("fields has {0} names, at most {MAX_FIELDS} are allowed")]
    TooManyFields(usize),
    /// Too many facets were chosen.
    #[error("facets has {0} names, at most {MAX_FACETS} are allowed")]
    TooManyFacets(usize),
    /// The filter has a syntax error, or names an attribute that does not exist.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// An index with a vector base cannot answer this.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// The cursor does not belong to this query.
    #[error("the cursor cannot be used: {0}")]
    InvalidCursor(&'static str),
    /// The generation of the cursor is gone.
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
    /// The index is older than the caller asks for.
    #[error(
        "the index has generation {current}, but min_generation is {wanted}: try again once that is published"
    )]
    NotYetIndexed {
        /// The generation of the index.
        current: u64,
        /// The minimum generation.
        wanted: u64,
    },
    /// The product has no indexed image (search), or neither image nor metadata (lookup).
    #[error("there is no product {0:?} with an indexed image")]
    UnknownProduct(String),
    /// Nothing is stored at the key.
    #[error("there is no object at key {0:?}: upload the image first")]
    UnknownKey(String),
    /// The key is outside the prefixes that callers may read.
    #[error(
        "key {0:?} is not allowed: it must begin with uploads/ or catalog/ and have no empty, . or .. parts, no control \
         characters, and at most 1024 bytes"
    )]
    ForbiddenKey(String),
    /// The key cannot be that of a catalog image.
    #[error(
        "key {0:?} is no catalog image's: it must begin with catalog/ and not end with a slash"
    )]
    NoCatalogKey(String),
    /// An upload of a media type that the encoder cannot read.
    #[error(
        "media type {0:?} is not supported: use image/jpeg, image/png, image/webp, \
         image/gif, image/bmp, image/tiff or image/avif"
    )]
    UnsupportedMediaType(String),
    /// Another encoder made the index, and it is not stored.
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
        /// The error of the store.
        source: StoreError,
    },
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SearchError {
    /// True if an image is at fault, and not the index or a store.
    pub(crate) fn is_about_image(&self) -> bool {
        match self {
            Self::Image(_)
            | Self::ExceedsMemory(_)
            | Self::TooManyPixels(_)
            | Self::TooManyBytes => true,
            Self::Item { error, .. } => error.is_about_image(),
            _ => false,
        }
    }

    /// Returns the error in words for callers: stores name their buckets and tables, which are private.
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

/// Converts an error of a search of the index: an image without a direction is not the fault of the index.
pub(crate) fn query_error(error: IndexError) -> SearchError {
    match error {
        IndexError::NoDirection => ImageError::Inference(error.to_string()).into(),
        error => error.into(),
    }
}

/// Returns why there is no encoder, as an error of a search.
pub(crate) fn no_encoder(error: NoEncoder) -> SearchError {
    match error {
        NoEncoder::Missing { configured, wanted } => SearchError::OtherEncoder {
            expected: configured,
            found: wanted,
        },
        NoEncoder::Store(error) => SearchError::Store(error),
        NoEncoder::Configured(_) | NoEncoder::Unusable { .. } => {
            SearchError::Encoder(error.to_string())
        }
    }
}

pub(crate) fn search_error(error: EmbedError) -> SearchError {
    match error {
        EmbedError::Image(error) => error.into(),
        EmbedError::Memory(error) => error.into(),
        EmbedError::Encoder(reason) => SearchError::Encoder(reason),
    }
}

/// Returns the error as one about item `at` of a query of so many items; unchanged if there is only one.
pub(crate) fn of_item(at: usize, items: usize, error: SearchError) -> SearchError {
    match items {
        1 => error,
        _ => SearchError::Item {
            at,
            error: Box::new(error),
        },
    }
}
