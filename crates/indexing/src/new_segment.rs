//! A segment that is about to be published.

use std::sync::Arc;

use bytes::Bytes;
use lookalike_index::{EncodedSegment, IndexError, SegmentEntry, SegmentId, SegmentMeta};

use crate::encoder_identity::EncoderIdentity;

/// A segment to be written, and its place in the manifest.
#[derive(Debug, Clone)]
pub(crate) struct NewSegment {
    pub(crate) entry: SegmentEntry,
    pub(crate) bytes: Bytes,
    pub(crate) meta: Arc<SegmentMeta>,
}

impl NewSegment {
    /// An encoded segment that was given the name `id`.
    pub(crate) fn new(
        id: SegmentId,
        encoded: EncodedSegment,
        encoder: &EncoderIdentity,
    ) -> Result<Self, IndexError> {
        let EncodedSegment {
            bytes, meta_bytes, ..
        } = encoded;
        // A copy, because the meta outlives the segment by far.
        let meta = Bytes::copy_from_slice(&bytes[..meta_bytes as usize]);
        let meta = SegmentMeta::open(&meta, id, encoder.fingerprint)?;
        Ok(Self {
            entry: SegmentEntry {
                id,
                kind: meta.kind(),
                rows: meta.rows(),
                bytes: bytes.len() as u64,
                meta_bytes,
                recall: meta.recall(),
                match_thresholds: None,
            },
            bytes: Bytes::from(bytes),
            meta: Arc::new(meta),
        })
    }
}
