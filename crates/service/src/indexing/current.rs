//! Reading the published index as a writer sees it: manifest and metas, no vectors.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::{StreamExt, TryStreamExt, stream};
use lookalike_index::{Fingerprint, Manifest, Segment, SegmentEntry, SegmentId, SegmentMeta, View};

use super::publish::NewSegment;
use crate::error::{StoreError, StoreErrorKind};
use crate::indexing::IndexingError;
use crate::model::LoadedManifest;
use crate::ports::{Manifests, Segments};
use crate::segments::fetch;

/// Segments are fetched so many at a time.
const PARALLEL_FETCHES: usize = 8;
/// How often a reader starts again because segments were replaced while it fetched them.
const TRIES: u32 = 5;
/// Metas from this size are checked away from the async runtime.
const LONG_META: u64 = 1 << 20;

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

/// Reads manifests and metas; keeps what it read last, so that only news are fetched.
pub(crate) struct IndexReader {
    manifests: Arc<dyn Manifests>,
    segments: Arc<dyn Segments>,
    /// Read or published last. Callers that run at once may put an older one here; the conditional
    /// read of the manifest finds that out.
    last: Mutex<Option<Arc<Current>>>,
}

impl IndexReader {
    pub(crate) fn new(manifests: Arc<dyn Manifests>, segments: Arc<dyn Segments>) -> Self {
        Self {
            manifests,
            segments,
            last: Mutex::default(),
        }
    }

    /// The published index, which must be `encoder`'s.
    pub(crate) async fn read(
        &self,
        encoder: &EncoderIdentity,
    ) -> Result<Arc<Current>, IndexingError> {
        let mut tries = 1;
        loop {
            match self.try_read(encoder).await {
                // Replaced and removed since the manifest was read: there is a newer one.
                Err(IndexingError::Store(error))
                    if error.kind == StoreErrorKind::NotFound && tries < TRIES =>
                {
                    tries += 1;
                }
                result => return result,
            }
        }
    }

    async fn try_read(&self, encoder: &EncoderIdentity) -> Result<Arc<Current>, IndexingError> {
        let last = self.last();
        let known = last.as_ref().and_then(|last| last.etag.as_deref());
        let (manifest, etag) = match (self.manifests.load(known).await?, &last) {
            (LoadedManifest::Unchanged, Some(last)) => return Ok(Arc::clone(last)),
            (LoadedManifest::Found { etag, bytes }, _) => (Manifest::decode(&bytes)?, Some(etag)),
            (LoadedManifest::Missing | LoadedManifest::Unchanged, _) => (
                Manifest::empty(&encoder.name, encoder.fingerprint, encoder.dimensions),
                None,
            ),
        };
        manifest.expect_encoder(encoder.fingerprint)?;
        let known = last.as_ref().map_or(&[][..], |last| last.view.segments());
        let metas = self.metas(&manifest, known).await?;
        Ok(self.keep(manifest, etag, metas))
    }

    /// Takes note of a manifest that this process published after `before`, with the segments that it
    /// wrote, so that they are not read back.
    pub(crate) fn published(
        &self,
        before: &Current,
        manifest: Manifest,
        etag: String,
        new: &[NewSegment],
    ) {
        let known = before
            .view
            .segments()
            .iter()
            .chain(new.iter().map(|n| &n.meta));
        let known: HashMap<SegmentId, &Arc<SegmentMeta>> =
            known.map(|meta| (meta.id(), meta)).collect();
        let metas: Option<Vec<_>> = manifest
            .segments
            .iter()
            .map(|entry| known.get(&entry.id).map(|meta| Arc::clone(meta)))
            .collect();
        if let Some(metas) = metas {
            self.keep(manifest, Some(etag), metas);
        }
    }

    fn keep(
        &self,
        manifest: Manifest,
        etag: Option<String>,
        metas: Vec<Arc<SegmentMeta>>,
    ) -> Arc<Current> {
        let current = Arc::new(Current {
            manifest,
            etag,
            view: View::new(metas),
        });
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&current));
        current
    }

    fn last(&self) -> Option<Arc<Current>> {
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn metas(
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
        let bytes = fetch(&*self.segments, entry.id, entry.meta_bytes).await?;
        let open = move || SegmentMeta::open(&bytes, entry.id, fingerprint);
        let meta = match entry.meta_bytes {
            0..LONG_META => open(),
            _ => tokio::task::spawn_blocking(open)
                .await
                .map_err(|error| IndexingError::Worker(error.to_string()))?,
        };
        Ok(Arc::new(meta?))
    }

    /// Whole segments, in the order of `entries`.
    pub(crate) async fn whole(
        &self,
        entries: &[SegmentEntry],
        fingerprint: Fingerprint,
    ) -> Result<Vec<Segment>, IndexingError> {
        let fetched: Vec<_> = stream::iter(entries.to_vec())
            .map(|entry| async move {
                let bytes = fetch(&*self.segments, entry.id, entry.bytes).await?;
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
