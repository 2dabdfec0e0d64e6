//! Fetching segments and their metas.

use std::collections::HashMap;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use lookalike_core::error::StoreError;
use lookalike_index::{Fingerprint, Manifest, Segment, SegmentEntry, SegmentId, SegmentMeta};

use crate::current::Current;
use crate::encoder_identity::EncoderIdentity;
use crate::error::IndexingError;
use crate::index_reader::IndexReader;

/// Segments are fetched so many at a time.
const PARALLEL_FETCHES: usize = 8;
/// The number of times that an index is read because segments were replaced meanwhile.
const MAX_TRIES: u32 = 5;
/// Metas from this size are checked away from the async runtime.
const LONG_META: u64 = 1 << 20;

impl IndexReader {
    /// Returns the metas of all segments of a manifest of one index; those in `known` are not fetched.
    pub(crate) async fn metas(
        &self,
        manifest: &Manifest,
        known: &[Arc<SegmentMeta>],
    ) -> Result<Vec<Arc<SegmentMeta>>, IndexingError> {
        let fingerprint = manifest.fingerprint;
        let known: HashMap<SegmentId, &Arc<SegmentMeta>> =
            known.iter().map(|meta| (meta.id(), meta)).collect();
        stream::iter(manifest.segments.clone())
            .map(|entry| {
                let known = known.get(&entry.id).map(|meta| Arc::clone(meta));
                async move {
                    match known {
                        Some(meta) => Ok(meta),
                        None => self.meta(entry, fingerprint).await,
                    }
                }
            })
            .buffered(PARALLEL_FETCHES)
            .try_collect()
            .await
    }

    async fn meta(
        &self,
        entry: SegmentEntry,
        fingerprint: Fingerprint,
    ) -> Result<Arc<SegmentMeta>, IndexingError> {
        let bytes = self.segments.get(entry.id, 0..entry.meta_bytes).await?;
        let open = move || SegmentMeta::open(&bytes, entry.id, fingerprint);
        let meta = match entry.meta_bytes {
            0..LONG_META => open(),
            _ => tokio::task::spawn_blocking(open).await?,
        };
        Ok(Arc::new(meta?))
    }

    /// Returns the index of `encoder` as it is now, with all its segments in full.
    pub(crate) async fn read_whole(
        &self,
        encoder: &EncoderIdentity,
    ) -> Result<(Arc<Current>, Vec<Segment>), IndexingError> {
        let mut tries = 1;
        loop {
            let current = self.read(encoder).await?;
            let entries = &current.manifest.segments;
            match self.whole(entries, encoder.fingerprint).await {
                // Replaced and removed since the manifest was read: there is a newer one.
                Err(error) if error.is_missing_segment() && tries < MAX_TRIES => tries += 1,
                segments => return Ok((current, segments?)),
            }
        }
    }

    /// Returns whole segments, in the order of `entries`.
    pub(crate) async fn whole(
        &self,
        entries: &[SegmentEntry],
        fingerprint: Fingerprint,
    ) -> Result<Vec<Segment>, IndexingError> {
        let fetched: Vec<_> = stream::iter(entries.to_vec())
            .map(|entry| async move {
                let bytes = self.segments.get(entry.id, 0..entry.bytes).await?;
                Ok::<_, StoreError>((entry.id, bytes))
            })
            .buffered(PARALLEL_FETCHES)
            .try_collect()
            .await?;
        let open = move || {
            fetched
                .iter()
                .map(|(id, bytes)| Segment::open(bytes, *id, fingerprint))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(tokio::task::spawn_blocking(open).await??)
    }
}
