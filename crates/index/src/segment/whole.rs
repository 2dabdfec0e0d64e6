//! A segment with everything in it.

use std::sync::Arc;

use bytes::Bytes;

use super::body::SegmentBody;
use super::meta::SegmentMeta;
use crate::error::IndexError;
use crate::ids::{Fingerprint, SegmentId};
use crate::quantise::Quantised;
use crate::row::Row;

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
    /// Every [`IndexError`] about segments: not ours, another version, encoder or segment, damaged.
    pub fn open(bytes: &Bytes, id: SegmentId, encoder: Fingerprint) -> Result<Self, IndexError> {
        let meta = SegmentMeta::open(bytes, id, encoder)?;
        let body = SegmentBody::open(bytes, &meta.header)?;
        Ok(Self {
            meta: Arc::new(meta),
            body: Arc::new(body),
        })
    }

    /// Its keys and what it supersedes.
    pub fn meta(&self) -> &Arc<SegmentMeta> {
        &self.meta
    }

    /// Layers of its graph, 0 when it is searched exactly.
    pub fn graph_layers(&self) -> usize {
        self.body.graph().map_or(0, |graph| graph.layers().len())
    }

    /// A row in full, to be written into another segment. Its embedding shares this segment's bytes.
    ///
    /// # Panics
    /// When `row` is not below the number of rows.
    pub fn row(&self, row: u32) -> Row {
        Row {
            key: self.meta.key(row).to_owned(),
            product_id: self.meta.product_id(row).to_owned(),
            etag: self.meta.etag(row).to_owned(),
            attributes: self.meta.attributes(row),
            embedding: self.embedding(row),
        }
    }

    pub(crate) fn embedding(&self, row: u32) -> Quantised {
        self.body.embedding(self.meta.node_of(row))
    }

    pub(crate) fn body(&self) -> &SegmentBody {
        &self.body
    }
}
