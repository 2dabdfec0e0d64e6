//! A generation of the index in memory.

use std::sync::Arc;

use lookalike_index::{Fingerprint, IndexError, Manifest, MatchThresholds, Snapshot};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::error::SearchError;
use crate::index_info::IndexState;
use crate::run_blocking::run_blocking;

/// Rows from which match thresholds are measured in some ten milliseconds.
const FEW_ROWS: u64 = 2000;

/// A loaded generation.
#[derive(Clone)]
pub(crate) struct LoadedSnapshot {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) snapshot: Arc<Snapshot>,
    /// The reason why a newer generation could not be loaded.
    pub(crate) stale: Option<Arc<str>>,
    /// ETag of the manifest; `None` if nothing was published.
    pub(super) etag: Option<Arc<str>>,
    /// The time of the last check for a newer generation.
    pub(super) checked: Instant,
    /// The match thresholds, if they are not stored and were measured.
    pub(super) measured: Arc<OnceCell<Option<MatchThresholds>>>,
}

impl LoadedSnapshot {
    /// Returns the match thresholds of this catalog, as measured when the base was built. A small catalog has no base:
    /// its thresholds are measured when they are first needed. `None` if there are too few images.
    ///
    /// # Errors
    /// If the index is damaged.
    pub(crate) async fn match_thresholds(&self) -> Result<Option<MatchThresholds>, SearchError> {
        if let Some(base) = self.manifest.serving_base() {
            return Ok(base.match_thresholds);
        }
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

    /// Returns the same generation with other rows.
    pub(crate) fn with_snapshot(self, snapshot: Snapshot) -> Self {
        Self {
            snapshot: Arc::new(snapshot),
            ..self
        }
    }

    /// Returns this snapshot with the reason why a newer one could not be loaded.
    pub(super) fn stale_by(self, error: &SearchError) -> Self {
        Self {
            stale: Some(error.for_callers().into()),
            checked: Instant::now(),
            ..self
        }
    }

    /// Makes the snapshot of an index that was never published.
    pub(super) fn unpublished(checked: Instant) -> Result<Self, IndexError> {
        Ok(Self {
            manifest: Arc::new(Manifest::empty("", Fingerprint([0; 32]), 0)),
            snapshot: Arc::new(Snapshot::new(Vec::new(), 0)?),
            stale: None,
            etag: None,
            checked,
            measured: Arc::default(),
        })
    }

    /// Returns counts and generation.
    pub(crate) fn state(&self) -> IndexState {
        let base = self.manifest.serving_base();
        IndexState {
            generation: self.manifest.generation,
            images: base.map_or(self.snapshot.images(), |base| base.images),
            products: base.is_none().then(|| self.snapshot.products()),
            newest: self.manifest.segments.last().map(|entry| entry.id),
            stale: self.stale.as_deref().map(str::to_owned),
        }
    }

    /// Returns the size of all segments.
    pub(crate) fn segment_bytes(&self) -> u64 {
        self.manifest.segments.iter().map(|entry| entry.bytes).sum()
    }
}
