//! Reading the published index as a writer sees it: manifest and metas, no vectors.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::{StreamExt, TryStreamExt, stream};
use lookalike_index::{Fingerprint, Manifest, Segment, SegmentEntry, SegmentId, SegmentMeta, View};

use crate::error::{StoreError, StoreErrorKind};
use crate::indexing::IndexingError;
use crate::model::LoadedManifest;
use crate::ports::{Manifests, Segments};
use crate::segments::fetch_whole;

/// Segments are fetched so many at a time.
const PARALLEL_FETCHES: usize = 8;
/// How often a reader starts again because segments were replaced while it fetched them.
const TRIES: usize = 4;

/// The published index at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Current {
    pub(crate) manifest: Manifest,
    /// The manifest object's ETag; none when nothing was ever published.
    pub(crate) etag: Option<String>,
    pub(crate) view: View,
}

/// Who the encoder is, as far as the index cares.
#[derive(Debug, Clone)]
pub(crate) struct EncoderIdentity {
    pub(crate) name: String,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) dimensions: usize,
}

/// Reads manifests and metas; keeps metas, which never change, for the next time.
pub(crate) struct IndexReader {
    manifests: Arc<dyn Manifests>,
    segments: Arc<dyn Segments>,
    metas: Mutex<HashMap<SegmentId, Arc<SegmentMeta>>>,
}

impl IndexReader {
    pub(crate) fn new(manifests: Arc<dyn Manifests>, segments: Arc<dyn Segments>) -> Self {
        Self {
            manifests,
            segments,
            metas: Mutex::default(),
        }
    }

    /// The published index, which must be `encoder`'s.
    pub(crate) async fn read(&self, encoder: &EncoderIdentity) -> Result<Current, IndexingError> {
        let mut tries = 0;
        loop {
            match self.try_read(encoder).await {
                Err(IndexingError::Store(error))
                    if error.kind == StoreErrorKind::NotFound && tries < TRIES =>
                {
                    tries += 1;
                }
                result => return result,
            }
        }
    }

    async fn try_read(&self, encoder: &EncoderIdentity) -> Result<Current, IndexingError> {
        let (manifest, etag) = match self.manifests.load(None).await? {
            LoadedManifest::Found { etag, bytes } => (Manifest::decode(&bytes)?, Some(etag)),
            LoadedManifest::Missing | LoadedManifest::Unchanged => (
                Manifest::empty(&encoder.name, encoder.fingerprint, encoder.dimensions),
                None,
            ),
        };
        manifest.expect_encoder(encoder.fingerprint)?;
        let metas = self.metas(&manifest).await?;
        Ok(Current {
            manifest,
            etag,
            view: View::new(metas),
        })
    }

    async fn metas(&self, manifest: &Manifest) -> Result<Vec<Arc<SegmentMeta>>, IndexingError> {
        let fingerprint = manifest.fingerprint;
        let metas: Vec<Arc<SegmentMeta>> = stream::iter(manifest.segments.clone())
            .map(|entry| self.meta(entry, fingerprint))
            .buffered(PARALLEL_FETCHES)
            .try_collect()
            .await?;
        let live: HashMap<_, _> = metas.iter().map(|m| (m.id(), Arc::clone(m))).collect();
        *self.metas.lock().unwrap_or_else(PoisonError::into_inner) = live;
        Ok(metas)
    }

    async fn meta(
        &self,
        entry: SegmentEntry,
        fingerprint: Fingerprint,
    ) -> Result<Arc<SegmentMeta>, IndexingError> {
        let known = self
            .metas
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&entry.id)
            .cloned();
        if let Some(meta) = known {
            return Ok(meta);
        }
        let bytes = self.segments.get(entry.id, 0..entry.meta_bytes).await?;
        let meta = SegmentMeta::open(&bytes, entry.id, fingerprint)?;
        Ok(Arc::new(meta))
    }

    /// Whole segments, in the order of `entries`.
    pub(crate) async fn whole(
        &self,
        entries: &[SegmentEntry],
        fingerprint: Fingerprint,
    ) -> Result<Vec<Segment>, IndexingError> {
        let fetched: Vec<_> = stream::iter(entries.to_vec())
            .map(|entry| async move {
                let bytes = fetch_whole(&*self.segments, entry.id, entry.bytes).await?;
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
        let opened = tokio::task::spawn_blocking(open)
            .await
            .map_err(|error| IndexingError::Worker(error.to_string()))?;
        Ok(opened?)
    }
}
