//! The stored form of rows: one immutable object, version 2.
//!
//! ```text
//! header   128 bytes: magic, version, id, encoder fingerprint, counts, lengths, checksums
//! meta     what a writer needs: keys, ETags, products, attributes, tombstones, deleted rows
//! body     what only searches need: scales, coarse and fine vectors, graph
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
//! Version 1 has vectors that are not rotated, no measured recall, and of a graph every layer with its number of nodes
//! and its links in four bytes. It stays readable as long as there are such segments; every rebuild writes version 2.
//!
//! Meta and body each end with a list of further sections, each with a tag and a length. This
//! release writes none and skips those it does not know, so that a later release can add what older
//! readers do not need; anything they need takes a new version.

mod body;
mod checks;
mod content;
mod embedding_ranges;
mod encode;
mod encoding;
mod graph_view;
mod header;
mod layout;
mod meta;
mod reader;
mod rename;
mod rows_by_product;
mod stored_columns;
mod writer;

use std::sync::Arc;

use bytes::Bytes;

use crate::error::IndexError;
use crate::ids::{Fingerprint, SegmentId};
use crate::quantization::QuantizedVector;
use crate::row::Row;
pub(crate) use body::SegmentBody;
pub use content::{EncodedSegment, SegmentContent};
pub(crate) use graph_view::GraphView;
#[cfg(test)]
pub(crate) use header::Header;
pub use header::{HEADER_BYTES, SegmentKind};
pub use meta::SegmentMeta;
pub use rename::rename_segment;

/// A whole segment, opened in place over its bytes.
#[derive(Debug, Clone)]
pub struct Segment {
    meta: Arc<SegmentMeta>,
    body: Arc<SegmentBody>,
}

impl Segment {
    /// Opens a segment and checks every byte of it.
    ///
    /// # Errors
    /// The [`IndexError`]s of segments: not ours, another version, encoder or segment, damaged.
    pub fn open(bytes: &Bytes, id: SegmentId, encoder: Fingerprint) -> Result<Self, IndexError> {
        let meta = SegmentMeta::open(bytes, id, encoder)?;
        let body = SegmentBody::open(bytes, &meta.header)?;
        Ok(Self {
            meta: Arc::new(meta),
            body: Arc::new(body),
        })
    }

    /// Returns its header and meta.
    pub fn meta(&self) -> &Arc<SegmentMeta> {
        &self.meta
    }

    /// Returns the number of layers of its graph, 0 if it is searched exactly.
    pub fn graph_layers(&self) -> usize {
        self.body.graph().map_or(0, |graph| graph.layers().len())
    }

    /// Returns a whole row, to be written into another segment. Its embedding shares this segment's
    /// bytes.
    ///
    /// # Panics
    /// If `row` is not below the number of rows.
    pub fn row(&self, row: u32) -> Row {
        Row {
            key: self.meta.key(row).to_owned(),
            product_id: self.meta.product_id(row).to_owned(),
            etag: self.meta.etag(row).to_owned(),
            attributes: self.meta.attributes(row),
            embedding: self.embedding(row),
        }
    }

    pub(crate) fn embedding(&self, row: u32) -> QuantizedVector {
        self.body.embedding(self.meta.node_of(row))
    }

    pub(crate) fn body(&self) -> &SegmentBody {
        &self.body
    }
}
