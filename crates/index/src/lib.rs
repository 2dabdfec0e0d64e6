//! Vectors, quantisation, graph, segment codec and snapshot search.
//!
//! Pure and synchronous: this crate does no I/O, reads no clock, knows neither tokio nor the network.
//!
//! A writer makes a [`SegmentContent`] and encodes it; a reader opens a [`Segment`] over the bytes as
//! they are and joins the segments that a [`Manifest`] names into a [`Snapshot`]. Writers work on a
//! [`View`], the same without vectors.
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
//!     embedding: Quantised::new(&vector).unwrap(),
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

mod attributes;
mod audit;
mod bits;
mod calibration;
mod compact;
mod dot;
mod error;
mod facets;
mod filter;
mod graph;
mod graph_links;
mod graph_order;
mod graph_parameters;
mod graph_reach;
mod graph_search;
mod history;
mod ids;
mod manifest;
mod products;
mod quantise;
mod query;
mod recall;
mod relabel;
mod row;
mod scan;
mod scored;
mod search;
mod segment;
mod selection;
mod side;
mod snapshot;
mod turn;
mod view;

pub use attributes::{AttributeInfo, ValueTypes};
pub use audit::{AuditSettings, Misplaced, PictureAudit, PictureGroup};
pub use calibration::{Calibration, Match};
pub use compact::{
    CompactionPolicy, merge_deltas, rebuild_base, rebuild_bytes, superseded_meanwhile,
};
pub use error::IndexError;
pub use facets::{Facet, FacetValue};
pub use filter::{Filter, FilterError, MOST_CLAUSES, MOST_DEPTH, MOST_VALUES};
pub use graph_parameters::GraphParameters;
pub use history::{Changed, HistoryEntry, MOST_ENTRIES, Step};
pub use ids::{BadFingerprint, BadSegmentId, Fingerprint, SegmentId};
pub use manifest::{Lease, Manifest, RetiredSegment, SegmentEntry};
pub use quantise::Quantised;
pub use recall::{GraphLeftOut, Recall};
pub use row::{Attributes, CATEGORY, Row};
pub use search::{Found, GroupBy, Hit, ScoredPicture, SearchRequest};
pub use segment::{
    EncodedSegment, HEADER_BYTES, Segment, SegmentContent, SegmentKind, SegmentMeta,
};
pub use selection::Selection;
pub use side::{Role, SideIndex};
pub use snapshot::Snapshot;
pub use view::{Location, View};
