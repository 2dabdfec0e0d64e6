//! The loaded generations, and the load that is running.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use futures::future::{BoxFuture, Shared};
use lookalike_index::SegmentId;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::loaded::LoadedSnapshot;
use crate::error::SearchError;

/// Time for which a generation can still be searched after a newer one replaced it: a shopper may be paging through its
/// results.
const MAX_REPLACED_AGE: Duration = Duration::from_secs(300);
/// Maximum number of replaced generations.
const MAX_REPLACED: usize = 32;
/// Maximum bytes of the segments that only replaced generations have. Generations that follow each other share most
/// segments, so mainly the base before a rebuild counts, here of some 250,000 images.
pub(super) const MAX_REPLACED_BYTES: u64 = 256 << 20;

/// Number of generations that are remembered as not kept, and the time for which they are.
const MAX_MISSING: usize = 256;
const MAX_MISSING_AGE: Duration = Duration::from_secs(60);

/// The snapshots that all callers share.
#[derive(Default)]
pub(super) struct CachedSnapshots {
    /// The current one.
    pub(super) loaded: Option<LoadedSnapshot>,
    /// Generations before it, newest first, each with the time at which it was replaced.
    replaced: VecDeque<(LoadedSnapshot, Instant)>,
    /// Generations that were looked for and are not kept, newest first.
    missing: VecDeque<(u64, Instant)>,
    /// The load that was started last.
    pub(super) load: Option<InFlightLoad>,
}

/// A load that several callers wait for. It runs in a task of its own, so a caller who disconnects does not stop it. All
/// callers get its one result, or its error.
#[derive(Clone)]
pub(super) struct InFlightLoad {
    pub(super) task: AbortHandle,
    pub(super) begun: Instant,
    pub(super) result: Shared<BoxFuture<'static, Result<LoadedSnapshot, SearchError>>>,
}

impl CachedSnapshots {
    /// Returns the load that is running.
    pub(super) fn running_load(&self) -> Option<&InFlightLoad> {
        let load = self.load.as_ref();
        load.filter(|load| !load.task.is_finished())
    }

    /// Makes a loaded generation the current one.
    pub(super) fn replace(&mut self, loaded: LoadedSnapshot) {
        let generation = loaded.manifest.generation;
        if let Some(mut old) = self.loaded.replace(loaded)
            && old.manifest.generation != generation
        {
            // From now on it is searched only because a cursor names it.
            old.stale = None;
            self.replaced.push_front((old, Instant::now()));
        }
        self.drop_old();
    }

    /// Adds a replaced generation that was loaded because a cursor names it.
    pub(super) fn add_replaced(&mut self, loaded: LoadedSnapshot) {
        self.replaced.push_front((loaded, Instant::now()));
        self.drop_old();
    }

    /// Returns every generation in memory.
    pub(super) fn all(&self) -> Vec<LoadedSnapshot> {
        let replaced = self.replaced.iter().map(|(loaded, _)| loaded);
        self.loaded.iter().chain(replaced).cloned().collect()
    }

    /// False if looking for a generation is in vain: it is not published yet, or was looked for lately. Cursors can be
    /// made up, and each would cost a read.
    pub(super) fn may_be_kept(&self, generation: u64) -> bool {
        let current = self.loaded.as_ref();
        let is_published = current.is_some_and(|current| generation < current.manifest.generation);
        let is_missing = |(missing, at): &(u64, Instant)| {
            *missing == generation && at.elapsed() < MAX_MISSING_AGE
        };
        is_published && !self.missing.iter().any(is_missing)
    }

    /// Notes that a generation is not kept.
    pub(super) fn note_missing(&mut self, generation: u64) {
        self.missing.truncate(MAX_MISSING - 1);
        self.missing.push_front((generation, Instant::now()));
    }

    /// Returns a replaced generation, while it is kept.
    pub(super) fn replaced(&mut self, generation: u64) -> Option<LoadedSnapshot> {
        self.drop_old();
        let mut kept = self.replaced.iter().map(|(loaded, _)| loaded);
        let found = kept.find(|loaded| loaded.manifest.generation == generation);
        found.cloned()
    }

    /// Drops replaced generations that are too old.
    pub(super) fn drop_expired(&mut self) {
        let is_fresh = |(_, at): &(LoadedSnapshot, Instant)| at.elapsed() < MAX_REPLACED_AGE;
        let fresh = self.replaced.partition_point(is_fresh);
        self.replaced.truncate(fresh);
    }

    /// Drops replaced generations that are too old or take too much memory.
    fn drop_old(&mut self) {
        self.drop_expired();
        self.replaced.truncate(MAX_REPLACED);
        let entries = |loaded: &LoadedSnapshot| {
            let segments = loaded.manifest.segments.clone();
            segments.into_iter().map(|entry| (entry.id, entry.bytes))
        };
        let current = self.loaded.iter().flat_map(entries);
        let mut known: HashSet<SegmentId> = current.map(|(id, _)| id).collect();
        let mut bytes = 0;
        let kept = self.replaced.iter().take_while(|(loaded, _)| {
            let own = entries(loaded).filter(|(id, _)| known.insert(*id));
            bytes += own.map(|(_, bytes)| bytes).sum::<u64>();
            bytes <= MAX_REPLACED_BYTES
        });
        let kept = kept.count();
        self.replaced.truncate(kept);
    }
}
