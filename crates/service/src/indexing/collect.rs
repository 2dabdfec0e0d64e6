//! Removing segments that no manifest names.

use std::collections::HashSet;
use std::time::{Duration, UNIX_EPOCH};

use lookalike_index::Manifest;
use tracing::info;

use super::{Indexer, IndexingError};
use crate::model::LoadedManifest;
use crate::time::now_milliseconds;

impl Indexer {
    /// Removes segments that no manifest names and that are older than the safe age: remains of
    /// crashed or outrun writers, and what compaction replaced long enough ago for every reader to
    /// have moved on. Returns how many.
    ///
    /// # Errors
    /// [`IndexingError`]; what was removed so far was not needed.
    pub async fn collect_garbage(&self) -> Result<usize, IndexingError> {
        // Listed first: what is published between the two calls is then named by the manifest.
        let stored = self.ports.shelf.list().await?;
        let LoadedManifest::Found { bytes, .. } = self.ports.manifests.load(None).await? else {
            return Ok(0);
        };
        let manifest = Manifest::decode(&bytes)?;
        let now = now_milliseconds();
        let safe_since = now.saturating_sub(self.settings.safe_age.as_millis() as u64);
        let lately = manifest
            .retired
            .iter()
            .filter(|retired| retired.at >= safe_since)
            .map(|retired| retired.id);
        let kept: HashSet<_> = manifest
            .segments
            .iter()
            .map(|entry| entry.id)
            .chain(lately)
            .collect();
        let safe_since = UNIX_EPOCH + Duration::from_millis(safe_since);
        let mut collected = 0;
        for segment in stored {
            if !kept.contains(&segment.id) && segment.modified < safe_since {
                self.ports.shelf.delete(segment.id).await?;
                collected += 1;
            }
        }
        if collected > 0 {
            info!(collected, "segments removed");
        }
        Ok(collected)
    }
}
