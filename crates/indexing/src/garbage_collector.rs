//! Removing segments that no manifest names.

use std::collections::HashSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::{StreamExt, TryStreamExt, stream};
use lookalike_core::model::LoadedManifest;
use lookalike_index::{Fingerprint, Manifest};
use tracing::info;

use crate::error::IndexingError;
use crate::indexer::Indexer;

/// Segments removed at once.
const PARALLEL_DELETES: usize = 8;

impl Indexer {
    /// Removes segments that no manifest names and that are older than the safe age: remains of
    /// crashed or outrun writers, and segments that compaction replaced long enough ago for every reader to
    /// have moved on. Returns their number. Encoders that no index has are removed likewise, and the manifests of
    /// generations that were replaced half the safe age ago: until then, each of their segments is there.
    ///
    /// # Errors
    /// [`IndexingError`]; the segments that were removed so far were not needed.
    pub async fn collect_garbage(&self) -> Result<usize, IndexingError> {
        // Listed first: a segment that is published between the two calls is then named by the manifest. One that is
        // published later was written later too, because no writer publishes a segment that it wrote long ago.
        let stored = self.ports.shelf.list().await?;
        let encoders = self.ports.encoder_store.list().await?;
        let LoadedManifest::Found { bytes, .. } = self.ports.manifests.load(None).await? else {
            return Ok(0);
        };
        let manifest = Manifest::decode(&bytes)?;
        let now = self.ports.host.now();
        let safe_since = now.saturating_sub(self.settings.safe_age.as_millis() as u64);
        let lately = manifest
            .retired
            .iter()
            .filter(|retired| retired.at >= safe_since)
            .map(|retired| retired.id);
        let kept: HashSet<_> = manifest
            .entries()
            .map(|entry| entry.id)
            .chain(lately)
            .collect();
        let safe_since = UNIX_EPOCH + Duration::from_millis(safe_since);
        // First, so that none is kept whose segments are gone.
        self.forget_generations(safe_since).await?;
        let remains = stored
            .into_iter()
            .filter(|segment| !kept.contains(&segment.id) && segment.modified < safe_since);
        let collected = stream::iter(remains)
            .map(|segment| self.ports.shelf.delete(segment.id))
            .buffer_unordered(PARALLEL_DELETES)
            .try_fold(0, |collected, ()| async move { Ok(collected + 1) })
            .await?;
        if collected > 0 {
            info!(collected, "segments removed");
        }
        for encoder in encoders {
            let needed = manifest.fingerprints().any(|f| f == encoder.fingerprint);
            // An encoder that is about to be named has just been stored, which made it young.
            if needed || encoder.modified >= safe_since {
                continue;
            }
            // Whoever goes back to a generation needs its encoder.
            if !self.is_of_kept(encoder.fingerprint).await? {
                self.ports.encoder_store.delete(encoder.fingerprint).await?;
                info!(fingerprint = %encoder.fingerprint, "an encoder that no index has is removed");
            }
        }
        Ok(collected)
    }

    /// Removes the manifests of generations whose segments may be removed soon.
    async fn forget_generations(&self, safe_since: SystemTime) -> Result<(), IndexingError> {
        let forgotten = safe_since + self.settings.safe_age / 2;
        for kept in self.ports.generations.list().await? {
            if kept.modified < forgotten {
                self.ports.generations.delete(kept.generation).await?;
            }
        }
        Ok(())
    }

    /// True if a generation that is kept has an index of this encoder.
    async fn is_of_kept(&self, fingerprint: Fingerprint) -> Result<bool, IndexingError> {
        for kept in self.ports.generations.list().await? {
            let manifest = self.ports.generations.load(kept.generation).await?;
            let manifest = manifest.and_then(|bytes| Manifest::decode(&bytes).ok());
            if manifest.is_some_and(|manifest| manifest.fingerprints().any(|f| f == fingerprint)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
