//! Removing segments that no manifest names.
//!
//! A segment is removed in two steps, each of which can be repeated, can end anywhere, and can run twice at once. First
//! the manifest lists it as doomed, so that no writer names it from then on. A later run removes it, and drops it from
//! the list. The age of a segment only decides when that begins: a clock that is wrong, or a writer that was asleep,
//! makes work, but loses nothing.

use std::collections::HashSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::{StreamExt, TryStreamExt, stream};
use lookalike_core::error::{StoreError, StoreErrorKind};
use lookalike_core::model::{KeptGeneration, StoredSegment};
use lookalike_core::time::Deadline;
use lookalike_index::{Manifest, SegmentId};
use serde::Serialize;
use tracing::info;

use crate::backoff::Backoff;
use crate::error::IndexingError;
use crate::indexer::Indexer;

/// Objects that are read or removed at once.
const PARALLEL_CALLS: usize = 8;
/// Longest time that a collection competes with writers for the manifest; the next one completes it.
const MAX_CONTENTION: Duration = Duration::from_secs(20);
/// Kept generations that are read, with the oldest and the newest among them. A segment that only one between has was
/// replaced so lately that it is young or retired.
const MAX_KEPT_READ: usize = 16;

/// The result of a garbage collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Collected {
    /// Segments that were removed.
    pub removed: usize,
    /// Segments that are listed in the manifest now, to be removed by a run after the safe age.
    pub doomed: usize,
}

impl Indexer {
    /// Dooms segments that nothing names and that are older than the safe age, and removes those that were doomed a safe
    /// age ago: remains of crashed or outrun writers, and segments that compaction replaced long enough ago for every
    /// reader to have moved on. Also removes encoders that no index has, and the manifests of generations that were
    /// replaced half the safe age ago: until then, each of their segments is there.
    ///
    /// # Errors
    /// [`IndexingError`]; the segments that were removed so far were not needed.
    pub async fn collect_garbage(&self) -> Result<Collected, IndexingError> {
        // Listed before the manifest is read, so a writer that uploaded a listed segment and published it is seen.
        let stored = self.ports.shelf.list().await?;
        let encoders = self.ports.encoder_store.list().await?;
        // Once, so that this run does not remove what it dooms.
        let safe_since = self.safe_since();
        let mut removed = HashSet::new();
        let mut backoff = Backoff::until(Deadline::after(MAX_CONTENTION), &*self.ports.host);
        while !self.collect_once(&stored, safe_since, &mut removed).await? {
            if backoff.wait().await.is_err() {
                info!("others keep publishing, the next garbage collection goes on");
                break;
            }
        }
        self.collect_encoders(encoders, safe_since).await?;
        let published = self.publisher.reader.published().await?;
        let groups = published.manifest.iter().flat_map(|m| &m.doomed);
        let collected = Collected {
            removed: removed.len(),
            doomed: groups.map(|group| group.ids.len()).sum(),
        };
        if collected.removed > 0 {
            info!(removed = collected.removed, "segments removed");
        }
        Ok(collected)
    }

    /// Removes what is doomed for long enough, and publishes the new lists with one write: nothing is published if they
    /// do not change. Returns false if another writer came first, or the write got no answer.
    async fn collect_once(
        &self,
        stored: &[StoredSegment],
        safe_since: SystemTime,
        removed: &mut HashSet<SegmentId>,
    ) -> Result<bool, IndexingError> {
        let published = self.publisher.reader.published().await?;
        let Some(manifest) = &published.manifest else {
            return Ok(true);
        };
        // First, so that no generation is kept whose segments are gone.
        let kept = self.forget_generations(manifest, safe_since).await?;
        self.remove(manifest.doomed_before(milliseconds(safe_since)), removed)
            .await?;
        let garbage = self.garbage(stored, manifest, &kept, safe_since).await?;
        let Some(collection) = manifest.collect(&garbage, removed, self.ports.host.now()) else {
            return Ok(true);
        };
        let publisher = &self.publisher;
        let publishing = publisher.publish_collection(&published, manifest, collection);
        match publishing.await {
            Ok(_) => Ok(true),
            Err(error) if error.kind == StoreErrorKind::Conflict || error.kind.is_retryable() => {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Removes segments, but none twice: `Remove` in the model. Before this, a manifest was read that dooms them.
    async fn remove(
        &self,
        ids: Vec<SegmentId>,
        removed: &mut HashSet<SegmentId>,
    ) -> Result<(), StoreError> {
        let left: Vec<SegmentId> = ids.into_iter().filter(|id| !removed.contains(id)).collect();
        let mut removing = stream::iter(left)
            .map(|id| async move { self.ports.shelf.delete(id).await.map(|()| id) })
            .buffer_unordered(PARALLEL_CALLS);
        while let Some(id) = removing.try_next().await? {
            removed.insert(id);
        }
        Ok(())
    }

    /// Returns the old segments that neither an index has, nor a reader of a generation that was replaced lately may
    /// need, oldest first.
    async fn garbage(
        &self,
        stored: &[StoredSegment],
        manifest: &Manifest,
        kept: &[KeptGeneration],
        safe_since: SystemTime,
    ) -> Result<Vec<SegmentId>, IndexingError> {
        let since = milliseconds(safe_since);
        let lately = manifest.retired.iter().filter(|old| old.at >= since);
        let mut needed: HashSet<SegmentId> = manifest
            .entries()
            .map(|entry| entry.id)
            .chain(lately.map(|old| old.id))
            .collect();
        let old = stored
            .iter()
            .filter(|segment| segment.modified < safe_since);
        let mut garbage: Vec<SegmentId> = old
            .map(|segment| segment.id)
            .filter(|id| !needed.contains(id))
            .collect();
        if !garbage.is_empty() {
            needed.extend(self.kept_segments(kept).await?);
            garbage.retain(|id| !needed.contains(id));
        }
        garbage.sort_unstable();
        Ok(garbage)
    }

    /// Returns the segments of generations that can still be searched, or gone back to.
    async fn kept_segments(
        &self,
        kept: &[KeptGeneration],
    ) -> Result<Vec<SegmentId>, IndexingError> {
        let manifests = self.kept_manifests(kept).await?;
        let entries = manifests.iter().flat_map(Manifest::entries);
        Ok(entries.map(|entry| entry.id).collect())
    }

    async fn kept_manifests(
        &self,
        kept: &[KeptGeneration],
    ) -> Result<Vec<Manifest>, IndexingError> {
        let mut numbers: Vec<u64> = kept.iter().map(|kept| kept.generation).collect();
        numbers.sort_unstable();
        let step = numbers.len().div_ceil(MAX_KEPT_READ).max(1);
        let some = numbers
            .iter()
            .copied()
            .step_by(step)
            .chain(numbers.last().copied());
        let loads: Vec<_> = some
            .map(|generation| self.ports.generations.load(generation))
            .collect();
        let manifests: Vec<_> = stream::iter(loads)
            .buffer_unordered(PARALLEL_CALLS)
            .try_collect()
            .await?;
        // One that cannot be read was replaced by starting over, and cannot be gone back to either.
        let readable = manifests.into_iter().flatten();
        let readable = readable.filter_map(|bytes| Manifest::decode(&bytes).ok());
        Ok(readable.collect())
    }

    /// Removes the manifests of generations whose segments may be doomed soon, and returns the others.
    async fn forget_generations(
        &self,
        manifest: &Manifest,
        safe_since: SystemTime,
    ) -> Result<Vec<KeptGeneration>, IndexingError> {
        let (kept, old) = self.by_promise(manifest, safe_since).await?;
        for old in old {
            self.ports.generations.delete(old.generation).await?;
        }
        Ok(kept)
    }

    /// Returns the manifests of generations whose pages can be continued, or that can be gone back to, as far as they can
    /// be read; of many, some between the oldest and the newest.
    pub(crate) async fn promised_manifests(
        &self,
        manifest: &Manifest,
    ) -> Result<Vec<Manifest>, IndexingError> {
        let (kept, _) = self.by_promise(manifest, self.safe_since()).await?;
        self.kept_manifests(&kept).await
    }

    /// Returns the generations that are kept: those that something is promised of, and the others.
    ///
    /// A generation was replaced before the one after it was kept. The time at which it was kept itself tells less: a
    /// writer does so before its upload, which may take long, and one that dies never replaces it.
    async fn by_promise(
        &self,
        manifest: &Manifest,
        safe_since: SystemTime,
    ) -> Result<(Vec<KeptGeneration>, Vec<KeptGeneration>), IndexingError> {
        let promised = safe_since + self.settings.safe_age / 2;
        let mut generations = self.ports.generations.list().await?;
        generations.sort_unstable_by_key(|kept| kept.generation);
        let published = manifest.history.last();
        let published = published.map_or(UNIX_EPOCH, |entry| {
            UNIX_EPOCH + Duration::from_millis(entry.at)
        });
        let (mut kept, mut old) = (Vec::new(), Vec::new());
        let mut replaced_by = published;
        for generation in generations.into_iter().rev() {
            let number = generation.generation;
            let is_current = number >= manifest.generation;
            let replaced = std::mem::replace(&mut replaced_by, generation.modified);
            match is_current || replaced >= promised {
                true => kept.push(generation),
                false => old.push(generation),
            }
        }
        Ok((kept, old))
    }

    /// Returns the time from which everything is too young to be collected.
    fn safe_since(&self) -> SystemTime {
        let now = UNIX_EPOCH + Duration::from_millis(self.ports.host.now());
        now.checked_sub(self.settings.safe_age)
            .unwrap_or(UNIX_EPOCH)
    }
}

fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}
