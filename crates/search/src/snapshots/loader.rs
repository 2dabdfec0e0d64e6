//! Loads the newest generation: manifest, then new segments, then its encoder if that is another one.

use std::collections::{HashMap, HashSet};
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use lookalike_core::encoders::{Encoders, NoEncoder};
use lookalike_core::error::{StoreError, StoreErrorKind};
use lookalike_core::model::LoadedManifest;
use lookalike_core::ports::{Generations, Manifests, Measurement, Metrics, Segments, Unit};
use lookalike_core::start_up;
use lookalike_index::{Fingerprint, Manifest, Segment, SegmentId, Snapshot};
use tokio::time::Instant;
use tokio::time::timeout;
use tracing::{info, warn};

use super::cache::MAX_REPLACED_BYTES;
use super::loaded::LoadedSnapshot;
use crate::error::{SearchError, no_encoder};
use crate::run_blocking::run_blocking;
use crate::vector_base_info::VectorBaseInfo;

/// Number of segments that are fetched at the same time.
const PARALLEL_FETCHES: usize = 8;
/// Maximum number of loads in a row, if segments are removed before they are read.
const MAX_LOADS: u32 = 4;
/// Time that a search waits for the manifest if it has a good snapshot. The segments of a new generation may take
/// longer: a Lambda function runs only during requests, so the search that started to load them has to wait.
pub(super) const MANIFEST_TIMEOUT: Duration = Duration::from_secs(2);

/// Loads snapshots from the stores.
pub(super) struct SnapshotLoader {
    pub(super) manifests: Arc<dyn Manifests>,
    pub(super) generations: Arc<dyn Generations>,
    pub(super) segments: Arc<dyn Segments>,
    pub(super) metrics: Arc<dyn Metrics>,
    pub(super) encoders: Encoders,
}

impl SnapshotLoader {
    /// Returns the newest snapshot. If it cannot be loaded, returns the known one with the reason.
    pub(super) async fn refresh(
        &self,
        known: Option<LoadedSnapshot>,
    ) -> Result<LoadedSnapshot, SearchError> {
        match (self.load(known.as_ref()).await, known) {
            (Err(error), Some(last_good)) => {
                warn!(%error, generation = last_good.manifest.generation, "index refresh failed, serving the last good one");
                Ok(last_good.stale_by(&error))
            }
            (result, _) => result,
        }
    }

    /// Loads a replaced generation, of which the generations in memory have most segments. Returns `None` if it is not
    /// kept, if its segments or its encoder are gone, or if the segments that are not in memory are too large.
    pub(super) async fn load_replaced(
        &self,
        generation: u64,
        in_memory: &[LoadedSnapshot],
    ) -> Result<Option<LoadedSnapshot>, SearchError> {
        let begun = Instant::now();
        let Some(bytes) = self.generations.load(generation).await? else {
            return Ok(None);
        };
        // No cursor of this service names a manifest that cannot be read: the one here was made up.
        let Ok(manifest) = Manifest::decode(&bytes) else {
            return Ok(None);
        };
        let known: HashSet<SegmentId> = ids_of(in_memory).collect();
        let new = manifest
            .segments
            .iter()
            .filter(|entry| !known.contains(&entry.id));
        let new_bytes: u64 = new.map(|entry| entry.bytes).sum();
        if manifest.generation != generation || new_bytes > MAX_REPLACED_BYTES {
            return Ok(None);
        }
        match self.encoders.of(manifest.fingerprint).await {
            Ok(_) => {}
            Err(NoEncoder::Missing { .. }) => return Ok(None),
            Err(error) => return Err(no_encoder(error)),
        }
        let (segments, fetched) = match self.segments_of(&manifest, in_memory).await {
            Err(SearchError::MissingSegment { .. }) => return Ok(None),
            read => read?,
        };
        let loaded = Self::opened(manifest, segments, None, begun).await?;
        let took = begun.elapsed().as_secs_f64() * 1000.0;
        info!(
            generation,
            fetched,
            load_ms = took,
            "replaced generation loaded"
        );
        Ok(Some(loaded))
    }

    async fn opened(
        manifest: Manifest,
        segments: Vec<Segment>,
        etag: Option<String>,
        checked: Instant,
    ) -> Result<LoadedSnapshot, SearchError> {
        let dimensions = manifest.dimensions;
        let snapshot = run_blocking(move || Snapshot::new(segments, dimensions)).await??;
        Ok(LoadedSnapshot {
            manifest: Arc::new(manifest),
            snapshot: Arc::new(snapshot),
            stale: None,
            etag: etag.map(Into::into),
            checked,
            measured: Arc::default(),
        })
    }

    async fn load(&self, known: Option<&LoadedSnapshot>) -> Result<LoadedSnapshot, SearchError> {
        let mut missed = None;
        for _ in 0..MAX_LOADS {
            match self.try_load(known).await {
                // The segment was removed after the manifest was read, so there is a newer manifest. If that names the
                // same segment, it is lost.
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
            (LoadedManifest::Missing | LoadedManifest::Unchanged, _) => {
                return Ok(LoadedSnapshot::unpublished(begun)?);
            }
        };
        let manifest = Manifest::decode(&bytes)?;
        start_up::done("manifest read");
        let (fetched, ()) = tokio::try_join!(
            self.segments_of(&manifest, known.map_or(&[], slice::from_ref)),
            self.encoder_of(&manifest, known)
        )?;
        let (segments, fetched) = fetched;
        start_up::done("segments read and checked");
        let loaded = Self::opened(manifest, segments, Some(etag), begun).await?;
        start_up::done("index ready");
        self.measure(&loaded, begun.elapsed(), fetched);
        Ok(loaded)
    }

    /// Loads the encoder of a manifest that follows one of another encoder. If it cannot be loaded, searches continue with
    /// the last good snapshot. The encoder of a first snapshot is loaded by the search that needs it.
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

    /// Returns the segments of a manifest, and the bytes that were fetched: segments that are in memory are reused.
    async fn segments_of(
        &self,
        manifest: &Manifest,
        known: &[LoadedSnapshot],
    ) -> Result<(Vec<Segment>, u64), SearchError> {
        let known: HashMap<SegmentId, Segment> = known
            .iter()
            .filter(|known| known.manifest.fingerprint == manifest.fingerprint)
            .flat_map(|known| known.snapshot.segments())
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
        let mut measurements = vec![
            measure("IndexLoadTime", Unit::Milliseconds, took),
            measure("IndexSize", Unit::Bytes, loaded.segment_bytes() as f64),
            measure("IndexImages", Unit::Count, loaded.state().images as f64),
            measure("Generation", Unit::Count, generation as f64),
        ];
        if let Some(rows) = VectorBaseInfo::waiting_rows_of(&loaded.manifest) {
            measurements.push(Measurement::count("RowsWaiting", rows as f64));
        }
        self.metrics.emit(&measurements);
    }
}

fn ids_of(snapshots: &[LoadedSnapshot]) -> impl Iterator<Item = SegmentId> + '_ {
    let entries = snapshots
        .iter()
        .flat_map(|loaded| &loaded.manifest.segments);
    entries.map(|entry| entry.id)
}

fn late() -> StoreError {
    let message = format!("no answer within {} s", MANIFEST_TIMEOUT.as_secs());
    StoreError::new(StoreErrorKind::Unavailable, "get the manifest", message)
}
