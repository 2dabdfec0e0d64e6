//! The stored form of rows: one immutable object, version 1.
//!
//! ```text
//! header   128 bytes: magic, version, id, encoder fingerprint, counts, lengths, checksums
//! meta     what a writer needs: keys, ETags, products, attributes, tombstones, superseded rows
//! body     what only a search needs: scales, coarse and fine vectors, graph
//! ```
//!
//! Numbers are little-endian. A writer reads header and meta with one ranged request and never touches
//! the body of a base. Rows with identical vectors share one *node*: the body holds each distinct
//! vector once, and rows are sorted by node. Header, meta and body each carry an xxh3-64 checksum.

mod body;
mod cursor;
mod header;
mod meta;
mod write;

pub use header::{HEADER_BYTES, SegmentKind};
pub use meta::SegmentMeta;
pub use write::{EncodedSegment, SegmentContent};

pub(crate) use body::{LayerView, SegmentBody};
