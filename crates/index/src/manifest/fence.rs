//! The fence that keeps writers from naming segments that will be removed.
//!
//! A segment that nothing names may belong to a writer that is about to name it, however old it is: an upload may take
//! hours, and a process may sleep. So garbage collection first lists it in the manifest as doomed, by a conditional
//! write, and removes it later. A writer checks [`Manifest::fences_off`] for each segment that it uploaded, on the very
//! manifest that it replaces: a doom that came before is seen there, and one that comes after makes its write fail.
//!
//! Releases that do not know these fields publish a manifest without them. What they dropped is unknown, so
//! [`Manifest::forgotten_generation`] then fences off everything that was uploaded before.

use std::collections::HashSet;

use super::{Collection, DoomedSegments, MAX_DOOMED, Manifest};
use crate::ids::SegmentId;

impl Manifest {
    /// True if the segment is listed as one that will be removed.
    pub fn dooms(&self, id: SegmentId) -> bool {
        self.doomed.iter().any(|group| group.ids.contains(&id))
    }

    /// Returns the highest generation whose doomed segments may have been dropped from the list. If a release published
    /// this manifest that does not know the list, those are all generations before this one.
    pub fn forgotten_generation(&self) -> u64 {
        let unknown = self.generation.saturating_sub(1);
        self.forgotten.unwrap_or(unknown)
    }

    /// True if the manifest that follows must not name a segment whose upload began after generation `read` was read,
    /// because it is doomed, or may have been doomed and removed. If the generation went backwards since, an operator
    /// replaced the manifest, and nothing is known of the time between.
    pub fn fences_off(&self, id: SegmentId, read: u64) -> bool {
        self.dooms(id) || self.forgotten_generation() >= read || self.generation < read
    }

    /// Returns the segments that were doomed before `time`, in milliseconds since 1970. One that an index has is left out:
    /// only another program than a release can have listed it.
    pub fn doomed_before(&self, time: u64) -> Vec<SegmentId> {
        let groups = self.doomed.iter().filter(|group| group.at < time);
        let ids = groups.flat_map(|group| &group.ids).copied();
        ids.filter(|id| !self.names(*id)).collect()
    }

    /// Dooms `garbage` at the time `now`, in milliseconds since 1970, and drops the groups all of whose segments are in
    /// `removed`. Returns `None` if nothing changes.
    ///
    /// `garbage` may have segments that are doomed, removed or named: they are skipped. The caller has checked that
    /// nothing else needs the others.
    pub fn collect(
        &self,
        garbage: &[SegmentId],
        removed: &HashSet<SegmentId>,
        now: u64,
    ) -> Option<Collection> {
        let is_done = |id: &SegmentId| removed.contains(id) || self.names(*id);
        let (dropped, mut doomed): (Vec<_>, Vec<_>) = self
            .doomed
            .iter()
            .cloned()
            .partition(|group| group.ids.iter().all(is_done));
        let forgotten = dropped.iter().map(|group| group.generation).max();
        let known: HashSet<&SegmentId> = self.doomed.iter().flat_map(|group| &group.ids).collect();
        let listed: usize = doomed.iter().map(|group| group.ids.len()).sum();
        let new = garbage
            .iter()
            .filter(|id| !is_done(id) && !known.contains(id));
        let room = MAX_DOOMED.saturating_sub(listed);
        let ids: Vec<SegmentId> = new.take(room).copied().collect();
        if dropped.is_empty() && ids.is_empty() {
            return None;
        }
        if !ids.is_empty() {
            doomed.push(DoomedSegments {
                generation: self.generation.saturating_add(1),
                at: now,
                ids,
            });
        }
        Some(Collection {
            doomed,
            forgotten: self.forgotten_generation().max(forgotten.unwrap_or(0)),
        })
    }
}

#[cfg(test)]
mod tests;
