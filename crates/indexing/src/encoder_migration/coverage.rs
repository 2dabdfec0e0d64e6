//! The progress of the index that is being built.

use lookalike_index::Role;
use serde::Serialize;

use super::pair::pair;
use crate::current::Current;
use crate::indexer::Indexer;
use crate::migration_error::MigrationError;

/// The progress of the index that is being built.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Coverage {
    /// Generation of the manifest that was looked at.
    pub generation: u64,
    /// Images in the bucket.
    #[serde(rename = "pictures")]
    pub images: u64,
    /// Those that the building index has as they are.
    pub done: u64,
    /// Keys that only the searched index has as they are.
    pub missing: Vec<String>,
    /// Keys that neither index has as they are: failed, or just put.
    pub neither: Vec<String>,
    /// Keys that only the building index has as they are.
    pub only_new: Vec<String>,
    /// Keys that the building index has, and the bucket does not.
    pub gone: Vec<String>,
    /// True if the index deserves a new base before it is searched.
    pub rebuild_due: bool,
}

impl Indexer {
    /// Compares the building index with the searched one and with the bucket.
    ///
    /// # Errors
    /// [`MigrationError::NoStandby`] when none is being built; a failed store.
    pub async fn coverage(&self) -> Result<Coverage, MigrationError> {
        // Listed first: an image that is put later is written to both indexes alike.
        let stored = self.stored_images().await?;
        let (published, indexes) = self.all_indexes().await?;
        let (serving, building) = pair(&published, &indexes, Role::Building)?;
        let mut coverage = Coverage {
            generation: published.generation(),
            images: stored.len() as u64,
            rebuild_due: self.settings.policy.rebuild_due(&building.view),
            ..Coverage::default()
        };
        for (key, etag) in &stored {
            let has = |index: &Current| index.has_version(key, etag);
            match (has(serving), has(building)) {
                (true, true) => {}
                (true, false) => coverage.missing.push(key.clone()),
                (false, true) => coverage.only_new.push(key.clone()),
                (false, false) => coverage.neither.push(key.clone()),
            }
        }
        let missing = coverage.missing.len() + coverage.neither.len();
        coverage.done = coverage.images - missing as u64;
        coverage.gone = building
            .live_keys()
            .filter(|key| !stored.contains_key(*key))
            .map(str::to_owned)
            .collect();
        Ok(coverage)
    }

    /// Counts the images that the building index has by now; much cheaper than [`coverage`](Self::coverage).
    ///
    /// # Errors
    /// As [`coverage`](Self::coverage).
    pub async fn building_images(&self) -> Result<u64, MigrationError> {
        let (published, indexes) = self.all_indexes().await?;
        let (_, building) = pair(&published, &indexes, Role::Building)?;
        Ok(building.view.images())
    }
}
