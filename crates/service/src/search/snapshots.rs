//! The snapshot that searches use: loaded on first need, kept up to date, never torn.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use lookalike_index::{Fingerprint, IndexError, Manifest, Segment, SegmentId, Snapshot};
use tokio::sync::Mutex;
use tracing::{info, warn};

use super::answer::IndexState;
use super::worker::off_runtime;
use super::{SearchError, no_encoder};
use crate::encoders::Encoders;
use crate::error::{StoreError, StoreErrorKind};
use crate::model::LoadedManifest;
use crate::ports::{Manifests, Measurement, Metrics, Segments, Unit};
use crate::segments::fetch;

/// Segments are fetched so many at a time.
const PARALLEL_FETCHES: usize = 8;
/// How often loading starts again because segments were replaced meanwhile.
const TRIES: u32 = 4;

/// One loaded generation.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) snapshot: Arc<Snapshot>,
    /// Why a newer generation could not be loaded.
    pub(crate) stale: Option<Arc<str>>,
    etag: Option<Arc<str>>,
    checked: Instant,
}

impl Loaded {
    pub(crate) fn state(&self) -> IndexState {
        IndexState {
            generation: self.manifest.generation,
            images: self.snapshot.images(),
            products: self.snapshot.products(),
            stale: self.stale.as_deref().map(str::to_owned),
        }
    }

    pub(crate) fn segment_bytes(&self) -> u64 {
        self.manifest.segments.iter().map(|entry| entry.bytes).sum()
    }
}

/// Loads snapshots, one at a time, and holds the last good one.
pub(crate) struct Snapshots {
    manifests: Arc<dyn Manifests>,
    segments: Arc<dyn Segments>,
    metrics: Arc<dyn Metrics>,
    encoders: Encoders,
    refresh: Duration,
    loaded: RwLock<Option<Loaded>>,
    loading: Mutex<()>,
}

impl Snapshots {
    pub(crate) fn new(
        manifests: Arc<dyn Manifests>,
        segments: Arc<dyn Segments>,
        metrics: Arc<dyn Metrics>,
        encoders: Encoders,
        refresh: Duration,
    ) -> Self {
        Self {
            manifests,
            segments,
            metrics,
            encoders,
            refresh,
            loaded: RwLock::new(None),
            loading: Mutex::new(()),
        }
    }

    /// The snapshot to search now. Checked against the bucket at most once per refresh interval; while
    /// one caller checks, others go on with the last one. When the check fails, the last good snapshot
    /// is returned and says so.
    pub(crate) async fn current(&self) -> Result<Loaded, SearchError> {
        let known = self.known();
        let guard = match &known {
            Some(loaded) if loaded.checked.elapsed() < self.refresh => return Ok(loaded.clone()),
            Some(loaded) => match self.loading.try_lock() {
                Ok(guard) => guard,
                Err(_) => return Ok(loaded.clone()),
            },
            None => self.loading.lock().await,
        };
        // Another caller may have loaded it while this one waited.
        let known = self.known();
        if let Some(loaded) = &known
            && loaded.checked.elapsed() < self.refresh
        {
            return Ok(loaded.clone());
        }
        let loaded = match (self.load(known.as_ref()).await, known) {
            (Ok(loaded), _) => loaded,
            (Err(error), None) => return Err(error),
            (Err(error), Some(last_good)) => {
                warn!(%error, generation = last_good.manifest.generation, "index refresh failed, serving the last good one");
                Loaded {
                    stale: Some(error.for_callers().into()),
                    checked: Instant::now(),
                    ..last_good
                }
            }
        };
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Some(loaded.clone());
        drop(guard);
        Ok(loaded)
    }

    /// The encoder of the snapshot at hand, unless that is empty because nothing was published.
    pub(crate) fn fingerprint(&self) -> Option<Fingerprint> {
        let known = self.known().filter(|known| known.manifest.generation > 0);
        known.map(|known| known.manifest.fingerprint)
    }

    fn known(&self) -> Option<Loaded> {
        self.loaded
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn load(&self, known: Option<&Loaded>) -> Result<Loaded, SearchError> {
        let mut missed = None;
        for _ in 0..TRIES {
            match self.try_load(known).await {
                // Replaced and removed since the manifest was read: there is a newer one. If that names
                // it too, it is gone for good.
                Err(SearchError::MissingSegment { id, .. }) if missed != Some(id) => {
                    missed = Some(id);
                }
                result => return result,
            }
        }
        let message = "it was replaced each time before it was read to its end";
        Err(StoreError::new(StoreErrorKind::Unavailable, "load the index", message).into())
    }

    async fn try_load(&self, known: Option<&Loaded>) -> Result<Loaded, SearchError> {
        let begun = Instant::now();
        let etag = known.and_then(|loaded| loaded.etag.as_deref());
        let (etag, bytes) = match (self.manifests.load(etag).await?, known) {
            (LoadedManifest::Unchanged, Some(known)) => {
                return Ok(Loaded {
                    stale: None,
                    checked: begun,
                    ..known.clone()
                });
            }
            (LoadedManifest::Found { etag, bytes }, _) => (etag, bytes),
            (LoadedManifest::Missing | LoadedManifest::Unchanged, _) => return Ok(nothing(begun)?),
        };
        let manifest = Manifest::decode(&bytes)?;
        let (fetched, ()) = tokio::try_join!(
            self.segments_of(&manifest, known),
            self.encoder_of(&manifest, known)
        )?;
        let (segments, fetched) = fetched;
        let dimensions = manifest.dimensions;
        let snapshot = off_runtime(move || Snapshot::new(segments, dimensions)).await??;
        let loaded = Loaded {
            manifest: Arc::new(manifest),
            snapshot: Arc::new(snapshot),
            stale: None,
            etag: Some(etag.into()),
            checked: begun,
        };
        self.measure(&loaded, begun.elapsed(), fetched);
        Ok(loaded)
    }

    /// Loads the encoder of a manifest that takes the place of one of another encoder: without it the last
    /// good snapshot is the better one. Where there is none, whoever needs the encoder asks for it.
    async fn encoder_of(
        &self,
        manifest: &Manifest,
        known: Option<&Loaded>,
    ) -> Result<(), SearchError> {
        let before = known.filter(|known| known.manifest.generation > 0);
        match before {
            Some(before) if before.manifest.fingerprint != manifest.fingerprint => {
                let embedder = self.encoders.of(manifest.fingerprint).await;
                embedder.map(|_| ()).map_err(no_encoder)
            }
            _ => Ok(()),
        }
    }

    /// The segments of a manifest; those that the last snapshot has are not fetched again.
    async fn segments_of(
        &self,
        manifest: &Manifest,
        known: Option<&Loaded>,
    ) -> Result<(Vec<Segment>, u64), SearchError> {
        let known: HashMap<SegmentId, Segment> = known
            .filter(|known| known.manifest.fingerprint == manifest.fingerprint)
            .map(|known| known.snapshot.segments())
            .unwrap_or_default()
            .iter()
            .map(|segment| (segment.meta().id(), segment.clone()))
            .collect();
        let fetched = manifest
            .segments
            .iter()
            .filter(|entry| !known.contains_key(&entry.id))
            .map(|entry| entry.bytes)
            .sum();
        let fingerprint = manifest.fingerprint;
        let segments = stream::iter(manifest.segments.clone())
            .map(|entry| {
                let known = known.get(&entry.id).cloned();
                async move {
                    match known {
                        Some(segment) => Ok(segment),
                        None => self.fetch(entry.id, entry.bytes, fingerprint).await,
                    }
                }
            })
            .buffered(PARALLEL_FETCHES)
            .try_collect()
            .await?;
        Ok((segments, fetched))
    }

    async fn fetch(
        &self,
        id: SegmentId,
        bytes: u64,
        fingerprint: Fingerprint,
    ) -> Result<Segment, SearchError> {
        let fetched = fetch(&*self.segments, id, bytes).await;
        let bytes = fetched.map_err(|source| match source.kind {
            StoreErrorKind::NotFound => SearchError::MissingSegment { id, source },
            _ => source.into(),
        })?;
        // Checking a hundred megabytes takes tens of milliseconds.
        Ok(off_runtime(move || Segment::open(&bytes, id, fingerprint)).await??)
    }

    fn measure(&self, loaded: &Loaded, took: Duration, fetched: u64) {
        let generation = loaded.manifest.generation;
        let took = took.as_secs_f64() * 1000.0;
        info!(generation, fetched, load_ms = took, "index loaded");
        let measure = |name, unit, value| Measurement { name, unit, value };
        self.metrics.emit(&[
            measure("IndexLoadTime", Unit::Milliseconds, took),
            measure("IndexSize", Unit::Bytes, loaded.segment_bytes() as f64),
            measure("IndexImages", Unit::Count, loaded.snapshot.images() as f64),
            measure("Generation", Unit::Count, generation as f64),
        ]);
    }
}

/// What there is before anything was published.
fn nothing(checked: Instant) -> Result<Loaded, IndexError> {
    Ok(Loaded {
        manifest: Arc::new(Manifest::empty("", Fingerprint([0; 32]), 0)),
        snapshot: Arc::new(Snapshot::new(Vec::new(), 0)?),
        stale: None,
        etag: None,
        checked,
    })
}
