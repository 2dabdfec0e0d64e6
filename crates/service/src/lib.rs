//! The use cases of lookalike, indexing and searching, and the ports they need from the world.
//!
//! No AWS type appears here: adapters implement the traits in [`ports`] and show with
//! [`conformance`] that they do it right; [`memory`] holds counterparts in memory for tests.

#![forbid(unsafe_code)]

pub mod conformance;
mod embedder;
mod encoders;
mod error;
mod filterable;
mod indexing;
mod keys;
pub mod memory;
mod memory_budget;
mod model;
pub mod ports;
mod same_metadata;
mod search;
mod segments;
pub mod start_up;
mod time;

pub use embedder::{EmbedderCell, EmbedderLoader, EncoderReader, ReadFiles};
pub use encoders::{EncoderOpener, Encoders, NoEncoder};
pub use error::{StoreError, StoreErrorKind};
pub use filterable::{Filterable, NotFilterable, Unfilterable};
pub use indexing::{
    BatchReport, Building, Coverage, Difference, IndexPorts, IndexSettings, IndexedPicture,
    Indexer, IndexingError, MaintenanceReport, Outcome, Outdated, ProductsReport, SideError,
    SideReport, Switched, VerifyReport,
};
pub use keys::{CATALOG_PREFIX, UPLOADS_PREFIX, is_catalog_key, product_id_of};
pub use lookalike_encoder::{
    Area, BadCrop, Crop, CropUnit, ImageInfo, ImageError, ImageFormat,
};
pub use lookalike_index::{
    Attributes, Changed, FilterError, Fingerprint, IndexError, Match, Role, SegmentId, Step,
    ValueTypes,
};
pub use memory_budget::{ExceedsMemory, MemoryBudget};
pub use model::{
    EncoderFiles, Failure, ImageRecord, ListedPicture, LoadedManifest, Metadata, NewestFailures,
    Page, Picture, PictureHead, Product, StoredEncoder, StoredSegment, TableEntry, UploadLink,
};
pub use same_metadata::same_metadata;
pub use search::{
    Answer, BadQuery, EncoderInfo, FacetValue, FilterableInfo, FoundImage, FoundProduct,
    GenerationInfo, GroupBy, ImageState, ImageView, Images, IndexInfo, IndexState, MAX_FACETS,
    MAX_FIELDS, MAX_K, MAX_QUERY_ITEMS, MAX_WEIGHT, ProductView, Query, QueryItem, QueryTimings,
    SearchError, SearchOptions, SearchPorts, SearchSettings, Searcher, SegmentInfo, SideInfo,
};
pub use search::{
    AuditError, AuditOptions, AuditReport, AuditedGroup, AuditedPicture, Contradiction, Exported,
    Exporter, Listed, MisplacedPicture, SimilarProduct, StaleRecord,
};
pub use segments::SegmentMemory;
pub use time::Deadline;
