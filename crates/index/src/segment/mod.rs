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
//! texts of a dictionary are ascending. Of a graph the links of the bottom layer are stored, in three bytes
//! each up to 2^24 nodes and in four beyond, and of the layers above only how many of the first nodes each has.
//!
//! Version 1 has vectors as they came instead of turned ones, no measured recall, and of a graph every layer
//! with its number of nodes and its links in four bytes.
//! It is read as long as there are such segments; whatever is rebuilt becomes version 2.
//!
//! Meta and body each end with a list of further sections, tagged and with their length. This release
//! writes none and skips those it does not know, so that a later release can add what older readers
//! can do without; what they cannot do without takes a new version.

mod body;
mod columns;
mod cursor;
mod encoding;
mod graph_view;
mod header;
mod layout;
mod meta;
mod rows_by_product;
mod whole;
mod write;

pub use header::{HEADER_BYTES, SegmentKind};
pub use meta::SegmentMeta;
pub use whole::Segment;
pub use write::{EncodedSegment, SegmentContent};

pub(crate) use body::SegmentBody;
pub(crate) use columns::VECTOR_ALIGNMENT;
pub(crate) use graph_view::GraphView;
#[cfg(test)]
pub(crate) use header::Header;
