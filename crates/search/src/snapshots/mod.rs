//! The snapshot that searches use: loaded on first need, kept up to date, never a mixture of two generations.

mod cache;
mod loaded;
mod loader;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use lookalike_core::encoders::Encoders;
use lookalike_core::error::{StoreError, StoreErrorKind};
use lookalike_core::ports::{Generations, Manifests, Metrics, Segments};
use lookalike_index::Fingerprint;
use tokio::time::Instant;

use self::cache::{CachedSnapshots, InFlightLoad};
use self::loader::{MANIFEST_TIMEOUT, SnapshotLoader};
use crate::error::SearchError;

pub(crate) use self::loaded::LoadedSnapshot;

/// Loads snapshots, one at a time, and keeps the last good one.
pub(crate) struct Snapshots {
    loader: Arc<SnapshotLoader>,
    refresh: Duration,
    cache: Arc<Mutex<CachedSnapshots>>,
    /// Held while a replaced generation is loaded: a cursor costs its sender nothing, so they take turns.
    replaced_load: tokio::sync::Mutex<()>,
}

impl Snapshots {
    pub(crate) fn new(
        manifests: Arc<dyn Manifests>,
        generations: Arc<dyn Generations>,
        segments: Arc<dyn Segments>,
        metrics: Arc<dyn Metrics>,
        encoders: Encoders,
        refresh: Duration,
    ) -> Self {
        let loader = SnapshotLoader {
            manifests,
            generations,
            segments,
            metrics,
            encoders,
        };
        Self {
            loader: Arc::new(loader),
            refresh,
            cache: Arc::default(),
            replaced_load: tokio::sync::Mutex::default(),
        }
    }

    /// Returns the snapshot to search now. The bucket is checked at most once per refresh interval; while one caller
    /// checks, others get the last one. If the check fails or the manifest is late, or a newer generation takes long to
    /// load, the last good snapshot is returned, with the reason.
    pub(crate) async fn current(&self) -> Result<LoadedSnapshot, SearchError> {
        let (known, load, is_ours) = {
            let mut cache = lock(&self.cache);
            cache.drop_expired();
            let known = cache.loaded.clone();
            if let Some(loaded) = &known
                && loaded.checked.elapsed() < self.refresh
            {
                return Ok(loaded.clone());
            }
            match cache.running_load() {
                Some(load) => (known, load.clone(), false),
                None => {
                    let load = self.spawn_load(known.clone());
                    cache.load = Some(load.clone());
                    (known, load, true)
                }
            }
        };
        match known {
            Some(known) if !is_ours => Ok(load.not_awaited(known)),
            _ => load.result.await,
        }
    }

    /// Returns the snapshot of the newest generation: the bucket is checked again, however long ago the last check was.
    /// If that fails, the last good snapshot is returned, as by [`current`](Self::current).
    pub(crate) async fn newest(&self) -> Result<LoadedSnapshot, SearchError> {
        // A load that started before may have missed the newest generation.
        let before = lock(&self.cache).running_load().cloned();
        if let Some(load) = before {
            let _ = load.result.await;
        }
        let load = {
            let mut cache = lock(&self.cache);
            match cache.running_load() {
                Some(load) => load.clone(),
                None => {
                    let load = self.spawn_load(cache.loaded.clone());
                    cache.load = Some(load.clone());
                    load
                }
            }
        };
        load.result.await
    }

    /// Returns a generation before the current one, which another process may have searched; `None` if it is no longer
    /// kept, or too large to hold beside the current one.
    pub(crate) async fn replaced(
        &self,
        generation: u64,
    ) -> Result<Option<LoadedSnapshot>, SearchError> {
        if let Some(found) = lock(&self.cache).replaced(generation) {
            return Ok(Some(found));
        }
        let _turn = self.replaced_load.lock().await;
        let in_memory = {
            let mut cache = lock(&self.cache);
            if let Some(found) = cache.replaced(generation) {
                return Ok(Some(found));
            }
            if !cache.may_be_kept(generation) {
                return Ok(None);
            }
            cache.all()
        };
        let loaded = self.loader.load_replaced(generation, &in_memory).await?;
        let mut cache = lock(&self.cache);
        match &loaded {
            Some(loaded) => cache.add_replaced(loaded.clone()),
            None => cache.note_missing(generation),
        }
        Ok(loaded)
    }

    /// Starts to load the generation after `known`.
    fn spawn_load(&self, known: Option<LoadedSnapshot>) -> InFlightLoad {
        let loader = Arc::clone(&self.loader);
        let cache = Arc::clone(&self.cache);
        let last_good = known.clone();
        let task = tokio::spawn(async move {
            let loaded = loader.refresh(known).await;
            if let Ok(loaded) = &loaded {
                lock(&cache).replace(loaded.clone());
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
                let error = SearchError::from(error.caused_by(died));
                last_good.map_or(Err(error.clone()), |known| Ok(known.stale_by(&error)))
            })
        };
        InFlightLoad {
            task: handle,
            begun: Instant::now(),
            result: result.boxed().shared(),
        }
    }

    /// Returns the encoder of the loaded snapshot; `None` if nothing was published.
    pub(crate) fn fingerprint(&self) -> Option<Fingerprint> {
        let cache = lock(&self.cache);
        let known = cache.loaded.as_ref();
        let published = known.filter(|known| known.manifest.generation > 0);
        published.map(|known| known.manifest.fingerprint)
    }
}

impl InFlightLoad {
    /// Returns the last good snapshot for a search that does not wait for this load. After the time that the manifest
    /// may take, it is known to be older than the newest.
    fn not_awaited(&self, known: LoadedSnapshot) -> LoadedSnapshot {
        if self.begun.elapsed() <= MANIFEST_TIMEOUT {
            return known;
        }
        let reason = "a newer generation of the index takes long to load; it is searched as soon as it is there";
        LoadedSnapshot {
            stale: Some(reason.into()),
            ..known
        }
    }
}

fn lock(cache: &Mutex<CachedSnapshots>) -> MutexGuard<'_, CachedSnapshots> {
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}
