//! A segment that is about to be published.

use std::sync::Arc;

use bytes::Bytes;
use lookalike_index::{
    EncodedSegment, Fingerprint, IndexError, SegmentEntry, SegmentId, SegmentMeta, rename_segment,
};

use crate::encoder_identity::EncoderIdentity;
use crate::error::IndexingError;

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
        let meta = meta(&bytes, meta_bytes, id, encoder.fingerprint)?;
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
            meta,
        })
    }

    /// Returns the same segment under another id. Ids are never used again, so a late removal of the old segment does not
    /// harm the new one.
    pub(crate) async fn renamed(
        &self,
        id: SegmentId,
        encoder: Fingerprint,
    ) -> Result<Self, IndexingError> {
        let old = self.clone();
        let rename = move || {
            let bytes = rename_segment(&old.bytes, id)?;
            let meta = meta(&bytes, old.entry.meta_bytes, id, encoder)?;
            Ok::<_, IndexError>(Self {
                entry: SegmentEntry { id, ..old.entry },
                bytes: Bytes::from(bytes),
                meta,
            })
        };
        Ok(tokio::task::spawn_blocking(rename).await??)
    }
}

/// Opens the meta of a segment, in a copy, because it outlives the segment by far.
fn meta(
    bytes: &[u8],
    meta_bytes: u64,
    id: SegmentId,
    encoder: Fingerprint,
) -> Result<Arc<SegmentMeta>, IndexError> {
    let meta = Bytes::copy_from_slice(&bytes[..meta_bytes as usize]);
    Ok(Arc::new(SegmentMeta::open(&meta, id, encoder)?))
}
