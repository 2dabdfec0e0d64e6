//! Reading the published indexes as a writer sees them: manifest and metas, no vectors.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::{StreamExt, TryStreamExt, stream};
use lookalike_core::error::{StoreError, StoreErrorKind};
use lookalike_core::model::LoadedManifest;
use lookalike_core::ports::{Manifests, Segments};
use lookalike_index::{
    Attributes, Fingerprint, IndexError, LiveRows, Manifest, RowAddress, Segment, SegmentEntry,
    SegmentId, SegmentMeta,
};

use crate::encoder_identity::EncoderIdentity;
use crate::new_segment::NewSegment;
use crate::report::IndexingError;

/// Segments are fetched so many at a time.
const PARALLEL_FETCHES: usize = 8;
/// The number of times that a reader starts again because segments were replaced while it fetched them.
pub(crate) const TRIES: u32 = 5;
/// Metas from this size are checked away from the async runtime.
const LONG_META: u64 = 1 << 20;

/// The manifest at one moment, with all its indexes.
#[derive(Debug, Clone)]
pub(crate) struct Published {
    /// None when nothing was ever published.
    pub(crate) manifest: Option<Manifest>,
    /// The manifest object's ETag.
    pub(crate) etag: Option<String>,
}

/// One published index at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Current {
    /// The manifest as if this index were alone in it.
    pub(crate) manifest: Manifest,
    pub(crate) view: Arc<LiveRows>,
}

impl Current {
    /// True if a row says this of its image, beside the version.
    pub(crate) fn matches(
        &self,
        at: RowAddress,
        product_id: &str,
        attributes: &Attributes,
    ) -> bool {
        let meta = self.view.meta(at);
        meta.product_id(at.row) == product_id && meta.attributes(at.row) == *attributes
    }
}

impl Published {
    /// The encoders of all indexes, that of the searched one first; none before anything was published.
    pub(crate) fn encoders(&self) -> Vec<EncoderIdentity> {
        let indexes = self.manifest.iter().flat_map(|manifest| {
            let sides = manifest.standby_indexes.iter();
            let sides = sides.map(|s| (&s.encoder, s.fingerprint, s.dimensions));
            let own = (&manifest.encoder, manifest.fingerprint, manifest.dimensions);
            std::iter::once(own).chain(sides)
        });
        indexes
            .map(|(name, fingerprint, dimensions)| EncoderIdentity {
                name: name.clone(),
                fingerprint,
                dimensions,
            })
            .collect()
    }

    pub(crate) fn generation(&self) -> u64 {
        let manifest = self.manifest.as_ref();
        manifest.map_or(0, |manifest| manifest.generation)
    }
}

/// Reads manifests and metas; keeps what it read last, so that only news are fetched.
pub(crate) struct IndexReader {
    manifests: Arc<dyn Manifests>,
    pub(crate) segments: Arc<dyn Segments>,
    /// Read or published last. Callers that run at once may put older ones here; the conditional read
    /// of the manifest finds that out.
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    published: Option<Arc<Published>>,
    views: HashMap<Fingerprint, Arc<LiveRows>>,
}

impl IndexReader {
    pub(crate) fn new(manifests: Arc<dyn Manifests>, segments: Arc<dyn Segments>) -> Self {
        Self {
            manifests,
            segments,
            last: Mutex::default(),
        }
    }

    /// The manifest as it is now.
    pub(crate) async fn published(&self) -> Result<Arc<Published>, IndexingError> {
        let last = self.last().published.clone();
        let known = last.as_ref().and_then(|last| last.etag.as_deref());
        let published = match (self.manifests.load(known).await?, last) {
            (LoadedManifest::Unchanged, Some(last)) => return Ok(last),
            (LoadedManifest::Found { etag, bytes }, _) => Published {
                manifest: Some(Manifest::decode(&bytes)?),
                etag: Some(etag),
            },
            (LoadedManifest::Missing | LoadedManifest::Unchanged, _) => Published {
                manifest: None,
                etag: None,
            },
        };
        Ok(self.keep(published))
    }

    /// The index of `encoder` as it is now.
    pub(crate) async fn read(
        &self,
        encoder: &EncoderIdentity,
    ) -> Result<Arc<Current>, IndexingError> {
        let mut tries = 1;
        loop {
            let published = self.published().await?;
            match self.index(&published, encoder).await {
                // Replaced and removed since the manifest was read: there is a newer one.
                Err(error) if error.is_missing_segment() && tries < TRIES => tries += 1,
                result => return result,
            }
        }
    }

    /// The index of `encoder` that `published` has; an empty one before anything was published.
    ///
    /// # Errors
    /// [`IndexError::Fingerprint`] when there is no index of that encoder.
    pub(crate) async fn index(
        &self,
        published: &Published,
        encoder: &EncoderIdentity,
    ) -> Result<Arc<Current>, IndexingError> {
        let expected = encoder.fingerprint;
        let manifest = match &published.manifest {
            None => Manifest::empty(&encoder.name, expected, encoder.dimensions),
            Some(whole) => whole.index_of(expected).ok_or(IndexError::Fingerprint {
                object: "manifest",
                expected,
                found: whole.fingerprint,
            })?,
        };
        let last = self.last().views.get(&expected).cloned();
        let entries = manifest.segments.iter().map(|entry| entry.id);
        let view = match last {
            Some(view) if entries.eq(view.segments().iter().map(|meta| meta.id())) => view,
            last => {
                let known = last.as_ref().map_or(&[][..], |view| view.segments());
                let view = Arc::new(LiveRows::new(self.metas(&manifest, known).await?));
                self.last().views.insert(expected, Arc::clone(&view));
                view
            }
        };
        Ok(Arc::new(Current { manifest, view }))
    }

    /// Takes note of a manifest that this process published, with the segments that it wrote, so that
    /// they are not read back.
    pub(crate) fn note(&self, manifest: Manifest, etag: String, new: &[NewSegment]) {
        let mut last = self.last();
        for (fingerprint, view) in &mut last.views {
            let known = view.segments().iter().chain(new.iter().map(|n| &n.meta));
            let known: HashMap<SegmentId, &Arc<SegmentMeta>> =
                known.map(|meta| (meta.id(), meta)).collect();
            let Some(index) = manifest.index_of(*fingerprint) else {
                continue;
            };
            let entries = index.segments.iter();
            let metas: Option<Vec<_>> = entries
                .map(|entry| known.get(&entry.id).map(|meta| Arc::clone(meta)))
                .collect();
            let same = |metas: &[Arc<SegmentMeta>]| {
                let ids = metas.iter().map(|meta| meta.id());
                ids.eq(view.segments().iter().map(|meta| meta.id()))
            };
            if let Some(metas) = metas.filter(|metas| !same(metas)) {
                *view = Arc::new(LiveRows::new(metas));
            }
        }
        drop(last);
        self.keep(Published {
            manifest: Some(manifest),
            etag: Some(etag),
        });
    }

    fn keep(&self, published: Published) -> Arc<Published> {
        let published = Arc::new(published);
        let mut last = self.last();
        if let Some(manifest) = &published.manifest {
            // An index that is gone needs no memory.
            last.views
                .retain(|known, _| manifest.fingerprints().any(|f| f == *known));
        }
        last.published = Some(Arc::clone(&published));
        published
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
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
        let bytes = self.segments.get(entry.id, 0..entry.meta_bytes).await?;
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
        let opened = tokio::task::spawn_blocking(open)
            .await
            .map_err(|error| IndexingError::Worker(error.to_string()))?;
        Ok(opened?)
    }
}

impl IndexingError {
    /// True if a segment was not there: replaced and removed since the manifest was read, or lost.
    pub(crate) fn is_missing_segment(&self) -> bool {
        matches!(self, Self::Store(error) if error.kind == StoreErrorKind::NotFound)
    }
}
