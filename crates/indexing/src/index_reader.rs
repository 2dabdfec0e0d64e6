//! Reading the published indexes as a writer sees them: manifest and metas, no vectors.

use std::collections::HashMap;
use std::slice;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lookalike_core::model::LoadedManifest;
use lookalike_core::ports::{Manifests, Segments};
use lookalike_core::vector_base::VectorBase;
use lookalike_index::{Fingerprint, LiveRows, Manifest, SegmentId, SegmentMeta};

use crate::current::{Current, Published, ReadIndexes};
use crate::encoder_identity::EncoderIdentity;
use crate::error::IndexingError;
use crate::new_segment::NewSegment;

/// The number of times that indexes are read because segments were replaced meanwhile.
const MAX_TRIES: u32 = 5;

/// Reads manifests and metas; keeps what it read last, so that only news are fetched.
pub(crate) struct IndexReader {
    manifests: Arc<dyn Manifests>,
    pub(crate) segments: Arc<dyn Segments>,
    pub(crate) vector_base: Arc<dyn VectorBase>,
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
    pub(crate) fn new(
        manifests: Arc<dyn Manifests>,
        segments: Arc<dyn Segments>,
        vector_base: Arc<dyn VectorBase>,
    ) -> Self {
        Self {
            manifests,
            segments,
            vector_base,
            last: Mutex::default(),
        }
    }

    /// Returns the manifest as it is now.
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

    /// Returns the index of `encoder` as it is now.
    pub(crate) async fn read(
        &self,
        encoder: &EncoderIdentity,
    ) -> Result<Arc<Current>, IndexingError> {
        let read = self.read_these(slice::from_ref(encoder)).await?;
        let (_, mut indexes) = read.complete()?;
        Ok(indexes.swap_remove(0))
    }

    /// Returns the indexes of these encoders as they are now, all of one manifest.
    pub(crate) async fn read_these(
        &self,
        encoders: &[EncoderIdentity],
    ) -> Result<ReadIndexes, IndexingError> {
        self.read_consistently(Some(encoders)).await
    }

    /// Returns every index that the manifest has now, the searched one first; none before anything was published.
    pub(crate) async fn read_all(&self) -> Result<ReadIndexes, IndexingError> {
        self.read_consistently(None).await
    }

    /// A segment that is missing was replaced and removed since the manifest was read, so there is a newer manifest; or
    /// it is lost, if it is missing from that as well.
    async fn read_consistently(
        &self,
        encoders: Option<&[EncoderIdentity]>,
    ) -> Result<ReadIndexes, IndexingError> {
        let mut tries = 1;
        loop {
            let published = self.published().await?;
            let encoders = encoders.map_or_else(|| published.encoders(), <[_]>::to_vec);
            let mut indexes = Vec::with_capacity(encoders.len());
            let mut is_outdated = false;
            for encoder in encoders {
                let index = self.index(&published, &encoder).await;
                is_outdated |= index.as_ref().is_err_and(IndexingError::is_missing_segment);
                indexes.push((encoder, index));
            }
            if !is_outdated || tries == MAX_TRIES {
                return Ok(ReadIndexes { published, indexes });
            }
            tries += 1;
        }
    }

    /// Returns the index of `encoder` that `published` has; an empty one before anything was published.
    ///
    /// # Errors
    /// [`IndexError::Fingerprint`](lookalike_index::IndexError::Fingerprint) if there is no index of that encoder.
    pub(crate) async fn index(
        &self,
        published: &Published,
        encoder: &EncoderIdentity,
    ) -> Result<Arc<Current>, IndexingError> {
        let manifest = published.index_of(encoder)?;
        let fingerprint = encoder.fingerprint;
        let last = self.last().views.get(&fingerprint).cloned();
        let entries = manifest.segments.iter().map(|entry| entry.id);
        let view = match last {
            Some(view) if entries.eq(view.segments().iter().map(|meta| meta.id())) => view,
            last => {
                let known = last.as_ref().map_or(&[][..], |view| view.segments());
                let view = Arc::new(LiveRows::new(self.metas(&manifest, known).await?));
                self.last().views.insert(fingerprint, Arc::clone(&view));
                view
            }
        };
        Ok(Arc::new(Current {
            manifest,
            view,
            found: None,
        }))
    }

    /// Keeps a manifest that this process published, with the segments that it wrote, so that they are not read back.
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
}
