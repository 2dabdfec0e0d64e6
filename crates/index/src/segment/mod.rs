//! The stored form of rows: one immutable object, version 2.
//!
//! ```text
//! header   128 bytes: magic, version, id, encoder fingerprint, counts, lengths, checksums
//! meta     what a writer needs: keys, ETags, products, attributes, tombstones, superseded rows
//! body     what only a search needs: scales, coarse and fine vectors, graph
//! ```
//!
//! A writer reads header and meta with one ranged request and never touches the body of a base. Header,
//! meta and body each carry an xxh3-64 checksum.
//!
//! Numbers are little-endian. Every column begins at a multiple of 8 bytes from the segment's start,
//! vectors, meta and body at a multiple of 64. Rows with identical vectors share one *node*: the body
//! holds each distinct vector once; rows are sorted by node, within it by product, then by key. The
//! texts of a dictionary are ascending. A graph's layers stand from the bottom up, each with a prefix
//! of the nodes of the layer below.
//!
//! Version 1 is the same with vectors as they came instead of turned ones, and without a measured recall.
//! It is read as long as there are such segments; whatever is rebuilt becomes version 2.
//!
//! Meta and body each end with a list of further sections, tagged and with their length. This release
//! writes none and skips those it does not know, so that a later release can add what older readers
//! can do without; what they cannot do without takes a new version.

mod body;
mod columns;
mod cursor;
mod encoding;
mod header;
mod layout;
mod meta;
mod whole;
mod write;

pub use header::{HEADER_BYTES, SegmentKind};
pub use meta::SegmentMeta;
pub use whole::Segment;
pub use write::{EncodedSegment, SegmentContent};

pub(crate) use body::{LayerView, SegmentBody};
#[cfg(test)]
pub(crate) use header::Header;
