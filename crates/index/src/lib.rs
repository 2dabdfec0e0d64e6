//! The index: quantized vectors, neighbor graph, segments, manifest and search.
//!
//! Pure and synchronous: this crate does no I/O, reads no clock, and knows neither tokio nor the network.
//!
//! A writer makes a [`SegmentContent`] and encodes it. A reader opens a [`Segment`] in place over
//! its bytes, and joins the segments of a [`Manifest`] into a [`Snapshot`]. Writers need only
//! [`LiveRows`], which hold no vectors.
//!
//! ```
//! use bytes::Bytes;
//! use lookalike_index::*;
//!
//! let encoder = Fingerprint([1; 32]);
//! let row = |key: &str, vector: [f32; 3]| Row {
//!     key: key.into(),
//!     product_id: key.into(),
//!     etag: "\"1\"".into(),
//!     attributes: Attributes::new(),
//!     embedding: QuantizedVector::new(&vector).unwrap(),
//! };
//! let content = SegmentContent {
//!     rows: vec![row("red", [1.0, 0.0, 0.1]), row("blue", [0.0, 0.1, 1.0])],
//!     ..SegmentContent::default()
//! };
//! let id = SegmentId::new(0, 0);
//! let stored = Bytes::from(content.encode_delta(id, encoder, 3)?.bytes);
//!
//! let segment = Segment::open(&stored, id, encoder)?;
//! let snapshot = Snapshot::new(vec![segment], 3)?;
//! let found = snapshot.search(SearchRequest::new(&[0.9, 0.1, 0.0], 1))?;
//! assert_eq!(found.hits[0].key, "red");
//! assert!(found.exact);
//! # Ok::<(), IndexError>(())
//! ```

#![deny(unsafe_code)]

mod audit;
mod bits;
mod columns;
mod compaction;
mod dot;
mod error;
mod facets;
mod filter;
mod gallop;
mod hnsw;
mod ids;
mod live_rows;
mod manifest;
mod match_thresholds;
mod products;
mod quantization;
mod recall;
mod row;
mod scan;
mod scored;
mod search;
mod segment;
mod selection;
mod snapshot;
mod vector_base;

pub use audit::{
    AuditSettings, CategorySeparation, ImageAudit, ImageGroup, Misplaced, SeparationLimits,
    SeparationQuery,
};
pub use columns::{AttributeInfo, ValueTypes};
pub use compaction::{
    CompactionPolicy, deleted_meanwhile, merge_deltas, rebuild_base, rebuild_bytes,
};
pub use error::IndexError;
pub use facets::{Facet, FacetValue};
pub use filter::{Filter, FilterError, MAX_CLAUSES, MAX_DEPTH, MAX_VALUES};
pub use hnsw::GraphParameters;
pub use ids::{BadFingerprint, BadSegmentId, Fingerprint, SegmentId};
pub use live_rows::LiveRows;
pub use manifest::{
    Changed, Collection, DoomedSegments, HistoryEntry, Lease, MAX_DOOMED, MAX_HISTORY_ENTRIES,
    Manifest, RetiredSegment, Role, SegmentEntry, StandbyIndex, Step,
};
pub use match_thresholds::{Match, MatchThresholds};
pub use quantization::QuantizedVector;
pub use recall::{GraphLeftOut, Recall};
pub use row::{Attributes, CATEGORY, Row, RowAddress};
pub use search::{Found, GroupBy, Hit, ScoredImage, SearchRequest};
pub use segment::{
    EncodedSegment, HEADER_BYTES, Segment, SegmentContent, SegmentKind, SegmentMeta, rename_segment,
};
pub use selection::Selection;
pub use snapshot::Snapshot;
pub use vector_base::{
    BANDS, BadBaseName, BaseName, Cover, Field, MAX_CONJUNCTIONS, MAX_FIELDS, MAX_SLOTS, Term,
    VectorBaseEntry, VectorBaseLayout, WrittenDeltas,
};
