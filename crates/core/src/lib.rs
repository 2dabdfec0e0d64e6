//! Shared parts of indexing and searching: the ports that they need, the model, errors, time, and
//! the registry of encoders.
//!
//! No AWS type appears here. Adapters implement the traits in [`ports`], and are tested with the
//! conformance suites of `lookalike-test-support`.

#![forbid(unsafe_code)]

pub mod encoder_cell;
pub mod encoders;
pub mod error;
pub mod filterable;
pub mod host;
pub mod keys;
pub mod memory_budget;
pub mod model;
mod origin_secret;
pub mod ports;
mod same_metadata;
pub mod segments;
pub mod start_up;
pub mod time;
pub mod vector_base;

pub use encoder_cell::{EncoderCell, EncoderLoader, EncoderReader, ReadFiles};
pub use encoders::{EncoderOpener, Encoders, NoEncoder};
pub use error::{StoreError, StoreErrorKind};
pub use filterable::{Filterable, NotFilterable, Unfilterable};
pub use host::{Host, SystemHost};
pub use keys::{CATALOG_PREFIX, UPLOADS_PREFIX, is_catalog_key, product_id_of};
pub use lookalike_encoder::{Area, BadCrop, Crop, CropUnit, ImageError, ImageFormat, ImageInfo};
pub use lookalike_index::{
    Attributes, Changed, FilterError, Fingerprint, IndexError, Match, Role, SegmentId, Step,
    ValueTypes,
};
pub use memory_budget::{ExceedsMemory, MemoryBudget};
pub use model::{
    EncoderFiles, Failure, Image, ImageHead, ImageRecord, ImageVersion, KeptGeneration,
    ListedImage, LoadedManifest, Metadata, NewestFailures, Page, Product, StoredEncoder,
    StoredSegment, TableEntry, UploadLink,
};
pub use origin_secret::OriginSecret;
pub use same_metadata::same_metadata;
pub use segments::SegmentMemory;
pub use time::Deadline;
