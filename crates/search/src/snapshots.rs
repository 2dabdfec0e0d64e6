//! The snapshot that searches use: loaded on first need, kept up to date, never torn.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, Shared};
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use lookalike_core::encoders::Encoders;
use lookalike_core::error::{StoreError, StoreErrorKind};
use lookalike_core::model::LoadedManifest;
use lookalike_core::ports::{Manifests, Measurement, Metrics, Segments, Unit};
use lookalike_core::start_up;
use lookalike_index::{
    Fingerprint, IndexError, Manifest, MatchThresholds, Segment, SegmentId, Snapshot,
};
use tokio::sync::OnceCell;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::answer::IndexState;
use crate::error::{SearchError, no_encoder};
use crate::run_blocking::run_blocking;

/// Segments are fetched so many at a time.
const PARALLEL_FETCHES: usize = 8;
/// The number of times that loading starts again because segments were replaced meanwhile.
const TRIES: u32 = 4;
/// The time that a search waits for the manifest when it has a good snapshot already. The segments of a new
/// generation may take longer: on Lambda nothing goes on between two searches, so the search that began to
/// load them has to wait for them.
const MANIFEST_TIMEOUT: Duration = Duration::from_secs(2);

/// The time that a generation can still be searched after a newer one took its place: somebody may be turning
/// its pages.
const KEPT: Duration = Duration::from_secs(300);
/// The most of them that are kept.
const MAX_KEPT: usize = 32;
/// Bytes of segments that only they have, at most. Generations that follow each other share most segments: it
/// is the base before a rebuild that counts.
const MAX_KEPT_BYTES: u64 = 64 << 20;

/// Rows that are measured in some ten milliseconds.
const FEW_ROWS: u64 = 2000;

/// One loaded generation.
#[derive(Clone)]
pub(crate) struct LoadedSnapshot {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) snapshot: Arc<Snapshot>,
    /// Why a newer generation could not be loaded.
    pub(crate) stale: Option<Arc<str>>,
    etag: Option<Arc<str>>,
    checked: Instant,
    /// The match thresholds, measured here where they are not stored.
    measured: Arc<OnceCell<Option<MatchThresholds>>>,
}

impl LoadedSnapshot {
    /// What scores mean in this catalog: as it was measured when the base was built, else, of a catalog so
    /// small that it has none, as it is measured when it is first needed.
    pub(crate) async fn match_thresholds(&self) -> Result<Option<MatchThresholds>, SearchError> {
        let entries = &self.manifest.segments;
        if let Some(stored) = entries.iter().find_map(|entry| entry.match_thresholds) {
            return Ok(Some(stored));
        }
        if self.snapshot.rows() > FEW_ROWS {
            return Ok(None);
        }
        let measure = || async {
            let snapshot = Arc::clone(&self.snapshot);
            Ok(run_blocking(move || MatchThresholds::measure(&snapshot)).await??)
        };
        self.measured.get_or_try_init(measure).await.copied()
    }

    pub(crate) fn state(&self) -> IndexState {
        IndexState {
            generation: self.manifest.generation,
            images: self.snapshot.images(),
            products: self.snapshot.products(),
            newest: self.manifest.segments.last().map(|entry| entry.id),
            stale: self.stale.as_deref().map(str::to_owned),
        }
    }

    pub(crate) fn segment_bytes(&self) -> u64 {
        self.manifest.segments.iter().map(|entry| entry.bytes).sum()
    }
}

/// Loads snapshots, one at a time, and holds the last good one.
pub(crate) struct Snapshots {
    source: Arc<Source>,
    refresh: Duration,
    held: Arc<Mutex<CachedSnapshot>>,
}

/// The state that all callers share.
#[derive(Default)]
struct CachedSnapshot {
    loaded: Option<LoadedSnapshot>,
    /// Generations before that, newest first, each with the moment at which another took its place.
    before: VecDeque<(LoadedSnapshot, Instant)>,
    /// The load that was begun last.
    flight: Option<InFlightLoad>,
}

impl CachedSnapshot {
    /// The load that is under way.
    fn under_way(&self) -> Option<&InFlightLoad> {
        self.flight
            .as_ref()
            .filter(|flight| !flight.task.is_finished())
    }

    /// Puts a newly loaded generation in place.
    fn replace(&mut self, loaded: LoadedSnapshot) {
        let generation = loaded.manifest.generation;
        if let Some(old) = self.loaded.replace(loaded)
            && old.manifest.generation != generation
        {
            self.before.push_front((old, Instant::now()));
        }
        self.forget();
    }

    /// Lets go of generations that are too old or take too much memory.
    fn forget(&mut self) {
        self.before
            .retain(|(_, replaced)| replaced.elapsed() < KEPT);
        self.before.truncate(MAX_KEPT);
        let entries = |loaded: &LoadedSnapshot| {
            let segments = loaded.manifest.segments.clone();
            segments.into_iter().map(|entry| (entry.id, entry.bytes))
        };
        let current = self.loaded.iter().flat_map(entries);
        let mut known: HashSet<SegmentId> = current.map(|(id, _)| id).collect();
        let mut bytes = 0;
        let kept = self.before.iter().take_while(|(loaded, _)| {
            let own = entries(loaded).filter(|(id, _)| known.insert(*id));
            bytes += own.map(|(_, bytes)| bytes).sum::<u64>();
            bytes <= MAX_KEPT_BYTES
        });
        let kept = kept.count();
        self.before.truncate(kept);
    }
}

/// A load that several callers wait for. It runs in a task of its own: a caller who goes away stops
/// nothing, and all get the one result, an error too.
#[derive(Clone)]
struct InFlightLoad {
    task: AbortHandle,
    result: Shared<BoxFuture<'static, Result<LoadedSnapshot, SearchError>>>,
}

impl Snapshots {
    pub(crate) fn new(
        manifests: Arc<dyn Manifests>,
        segments: Arc<dyn Segments>,
        metrics: Arc<dyn Metrics>,
        encoders: Encoders,
        refresh: Duration,
    ) -> Self {
        let source = Source {
            manifests,
            segments,
            metrics,
            encoders,
        };
        Self {
            source: Arc::new(source),
            refresh,
            held: Arc::default(),
        }
    }

    /// The snapshot to search now. Checked against the bucket at most once per refresh interval; while
    /// one caller checks, others go on with the last one. When the check fails, or the manifest does not
    /// come soon, the last good snapshot is returned and says so.
    pub(crate) async fn current(&self) -> Result<LoadedSnapshot, SearchError> {
        let (known, flight, is_ours) = {
            let mut held = lock(&self.held);
            let oldest = held.before.back();
            if oldest.is_some_and(|(_, replaced)| replaced.elapsed() >= KEPT) {
                held.forget();
            }
            let known = held.loaded.clone();
            if let Some(loaded) = &known
                && loaded.checked.elapsed() < self.refresh
            {
                return Ok(loaded.clone());
            }
            match held.under_way() {
                Some(flight) => (known, flight.clone(), false),
                None => {
                    let flight = self.spawn_load(known.clone());
                    held.flight = Some(flight.clone());
                    (known, flight, true)
                }
            }
        };
        match known {
            Some(known) if !is_ours => Ok(known),
            _ => flight.result.await,
        }
    }

    /// The snapshot of what was published by now, whenever the bucket was checked last. As
    /// [`current`](Self::current), the last good one when that cannot be had.
    pub(crate) async fn newest(&self) -> Result<LoadedSnapshot, SearchError> {
        // A load that began before may have missed what was published since.
        let before = lock(&self.held).under_way().cloned();
        if let Some(flight) = before {
            let _ = flight.result.await;
        }
        let flight = {
            let mut held = lock(&self.held);
            match held.under_way() {
                Some(flight) => flight.clone(),
                None => {
                    let flight = self.spawn_load(held.loaded.clone());
                    held.flight = Some(flight.clone());
                    flight
                }
            }
        };
        flight.result.await
    }

    /// The snapshot of a generation before the current one, while it is kept.
    pub(crate) fn before(&self, generation: u64) -> Option<LoadedSnapshot> {
        let mut held = lock(&self.held);
        held.forget();
        let mut kept = held.before.iter().map(|(loaded, _)| loaded);
        kept.find(|loaded| loaded.manifest.generation == generation)
            .cloned()
    }

    /// Begins to load what follows `known`.
    fn spawn_load(&self, known: Option<LoadedSnapshot>) -> InFlightLoad {
        let source = Arc::clone(&self.source);
        let held = Arc::clone(&self.held);
        let task = tokio::spawn(async move {
            let loaded = source.refresh(known).await;
            if let Ok(loaded) = &loaded {
                lock(&held).replace(loaded.clone());
            }
            loaded
        });
        let handle = task.abort_handle();
        let result = async {
            task.await.unwrap_or_else(|died| {
                let error = StoreError::new(
                    StoreErrorKind::Unavailable,
                    "load the index",
                    "the load was broken off",
                );
                Err(error.caused_by(died).into())
            })
        };
        InFlightLoad {
            task: handle,
            result: result.boxed().shared(),
        }
    }

    /// The encoder of the snapshot at hand, unless that is empty because nothing was published.
    pub(crate) fn fingerprint(&self) -> Option<Fingerprint> {
        let held = lock(&self.held);
        let known = held.loaded.as_ref();
        let published = known.filter(|known| known.manifest.generation > 0);
        published.map(|known| known.manifest.fingerprint)
    }
}

fn lock(held: &Mutex<CachedSnapshot>) -> MutexGuard<'_, CachedSnapshot> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From where snapshots are loaded.
struct Source {
    manifests: Arc<dyn Manifests>,
    segments: Arc<dyn Segments>,
    metrics: Arc<dyn Metrics>,
    encoders: Encoders,
}

impl Source {
    /// What there is now; the last good snapshot, which says why, when that cannot be loaded.
    async fn refresh(&self, known: Option<LoadedSnapshot>) -> Result<LoadedSnapshot, SearchError> {
        match (self.load(known.as_ref()).await, known) {
            (Err(error), Some(last_good)) => {
                warn!(%error, generation = last_good.manifest.generation, "index refresh failed, serving the last good one");
                Ok(LoadedSnapshot {
                    stale: Some(error.for_callers().into()),
                    checked: Instant::now(),
                    ..last_good
                })
            }
            (result, _) => result,
        }
    }

    async fn load(&self, known: Option<&LoadedSnapshot>) -> Result<LoadedSnapshot, SearchError> {
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

    async fn try_load(
        &self,
        known: Option<&LoadedSnapshot>,
    ) -> Result<LoadedSnapshot, SearchError> {
        let begun = Instant::now();
        let etag = known.and_then(|loaded| loaded.etag.as_deref());
        let reading = self.manifests.load(etag);
        let read = match known {
            None => reading.await,
            Some(_) => timeout(MANIFEST_TIMEOUT, reading)
                .await
                .unwrap_or_else(|_| Err(late())),
        };
        let (etag, bytes) = match (read?, known) {
            (LoadedManifest::Unchanged, Some(known)) => {
                return Ok(LoadedSnapshot {
                    stale: None,
                    checked: begun,
                    ..known.clone()
                });
            }
            (LoadedManifest::Found { etag, bytes }, _) => (etag, bytes),
            (LoadedManifest::Missing | LoadedManifest::Unchanged, _) => return Ok(nothing(begun)?),
        };
        let manifest = Manifest::decode(&bytes)?;
        start_up::done("manifest read");
        let (fetched, ()) = tokio::try_join!(
            self.segments_of(&manifest, known),
            self.encoder_of(&manifest, known)
        )?;
        let (segments, fetched) = fetched;
        start_up::done("segments read and checked");
        let dimensions = manifest.dimensions;
        let snapshot = run_blocking(move || Snapshot::new(segments, dimensions)).await??;
        let loaded = LoadedSnapshot {
            manifest: Arc::new(manifest),
            snapshot: Arc::new(snapshot),
            stale: None,
            etag: Some(etag.into()),
            checked: begun,
            measured: Arc::default(),
        };
        start_up::done("index ready");
        self.measure(&loaded, begun.elapsed(), fetched);
        Ok(loaded)
    }

    /// Loads the encoder of a manifest that takes the place of one of another encoder: without it the last
    /// good snapshot is the better one. Without one, the search that needs the encoder asks for it.
    async fn encoder_of(
        &self,
        manifest: &Manifest,
        known: Option<&LoadedSnapshot>,
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
        known: Option<&LoadedSnapshot>,
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
        let fetched = self.segments.get(id, 0..bytes).await;
        let bytes = fetched.map_err(|source| match source.kind {
            StoreErrorKind::NotFound => SearchError::MissingSegment { id, source },
            _ => source.into(),
        })?;
        // Checking a hundred megabytes takes tens of milliseconds.
        Ok(run_blocking(move || Segment::open(&bytes, id, fingerprint)).await??)
    }

    fn measure(&self, loaded: &LoadedSnapshot, took: Duration, fetched: u64) {
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

fn late() -> StoreError {
    let message = format!("no answer within {} s", MANIFEST_TIMEOUT.as_secs());
    StoreError::new(StoreErrorKind::Unavailable, "get the manifest", message)
}

/// The snapshot before anything was published.
fn nothing(checked: Instant) -> Result<LoadedSnapshot, IndexError> {
    Ok(LoadedSnapshot {
        manifest: Arc::new(Manifest::empty("", Fingerprint([0; 32]), 0)),
        snapshot: Arc::new(Snapshot::new(Vec::new(), 0)?),
        stale: None,
        etag: None,
        checked,
        measured: Arc::default(),
    })
}
