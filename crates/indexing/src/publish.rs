//! Publishing: new segment objects first, then the manifest by conditional write.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use lookalike_core::error::{StoreError, StoreErrorKind};
use lookalike_core::ports::{Generations, Manifests, Segments};
use lookalike_core::time::{Deadline, age_of, now_milliseconds};
use lookalike_index::{Changed, Manifest, RetiredSegment, SegmentId, Step};
use tracing::info;

use crate::backoff::Backoff;
use crate::current::Published;
use crate::encoder_identity::EncoderIdentity;
use crate::error::IndexingError;
use crate::index_reader::IndexReader;
use crate::manifest_edit::{Applied, Deltas, ManifestEdit, Refusal, apply};
use crate::new_segment::NewSegment;

/// Manifest writes without an answer before giving up.
pub(crate) const MAX_UNANSWERED: u32 = 3;
/// Shortest time that a publication may take, whatever the safe age is.
const MIN_PUBLISH_TIME: Duration = Duration::from_secs(60);

/// The result of [`Publisher::commit`].
#[derive(Debug)]
pub(crate) struct Commit {
    /// The generation that holds the edits, or the current one if there was nothing to change.
    pub(crate) generation: u64,
    /// True if a manifest was written.
    pub(crate) published: bool,
    /// Races lost on the way.
    pub(crate) conflicts: u64,
    /// The reason why nothing was written, if an edit must not be applied.
    pub(crate) refusal: Option<Refusal>,
}

/// Makes changes to the index.
pub(crate) struct Publisher {
    pub(crate) reader: IndexReader,
    manifests: Arc<dyn Manifests>,
    generations: Arc<dyn Generations>,
    segments: Arc<dyn Segments>,
    /// The time that a replaced segment stays in the store.
    safe_age: Duration,
}

impl Publisher {
    pub(crate) fn new(
        manifests: Arc<dyn Manifests>,
        generations: Arc<dyn Generations>,
        segments: Arc<dyn Segments>,
        safe_age: Duration,
    ) -> Self {
        Self {
            reader: IndexReader::new(Arc::clone(&manifests), Arc::clone(&segments)),
            manifests,
            generations,
            segments,
            safe_age,
        }
    }

    /// Reads the edited indexes, applies the edits, and publishes the result with one write; starts over if another
    /// writer published in between.
    ///
    /// One write for all edits means that there is no moment at which one index has a version of an image that another
    /// does not have yet: so a switch between indexes can be exact at any time.
    ///
    /// # Errors
    /// [`IndexingError`]; nothing was published, unless the last write got no answer.
    pub(crate) async fn commit(
        &self,
        deadline: Deadline,
        edits: &[ManifestEdit],
    ) -> Result<Commit, IndexingError> {
        let encoders: Vec<EncoderIdentity> = edits
            .iter()
            .filter_map(ManifestEdit::encoder)
            .cloned()
            .collect();
        let mut deltas = Deltas::default();
        // When each segment was stored.
        let mut stored = HashMap::new();
        let mut conflicts = 0;
        let mut unanswered = 0;
        let mut backoff = Backoff::until(deadline);
        loop {
            let read = self.reader.read_these(&encoders).await?;
            let generation = read.published.generation();
            let unchanged = |published, refusal| Commit {
                generation,
                published,
                conflicts,
                refusal,
            };
            if names_any(&read.published, &stored) {
                // The write that got no answer arrived.
                return Ok(unchanged(true, None));
            }
            let (published, indexes) = read.existing().complete()?;
            let now = now_milliseconds();
            let successor = match apply(edits, &published, &indexes, now, &mut deltas)? {
                Applied::Next(successor) => successor,
                Applied::Nothing => return Ok(unchanged(false, None)),
                Applied::Refused(refusal) => return Ok(unchanged(false, Some(refusal))),
            };
            let kept = async { Ok(self.keep(&published).await?) };
            tokio::try_join!(self.store(&successor.segments, &mut stored), kept)?;
            let next = self.next_generation(&published, successor.manifest, successor.changed);
            self.expect_young(&successor.segments, &stored)?;
            match self.swap(next, &published, &successor.segments).await {
                Ok(generation) => {
                    return Ok(Commit {
                        generation,
                        published: true,
                        conflicts,
                        refusal: None,
                    });
                }
                Err(error) if error.kind == StoreErrorKind::Conflict => conflicts += 1,
                // The write may have arrived; the next read shows it.
                Err(error) if error.kind.is_retryable() && unanswered < MAX_UNANSWERED => {
                    unanswered += 1;
                    deltas.clear();
                    info!(%error, "the manifest write has no answer, reading again");
                }
                Err(error) => return Err(error.into()),
            }
            backoff.wait().await?;
        }
    }

    /// Keeps the manifest that is about to be replaced. Whoever reads the next generation then finds this one; after the
    /// swap, a crash could leave it out.
    async fn keep(&self, published: &Published) -> Result<(), StoreError> {
        if let Some(manifest) = &published.manifest {
            let bytes = Bytes::from(manifest.encode());
            self.generations.keep(manifest.generation, bytes).await?;
        }
        Ok(())
    }

    /// Writes the segments that were not written yet.
    async fn store(
        &self,
        segments: &[NewSegment],
        stored: &mut HashMap<SegmentId, SystemTime>,
    ) -> Result<(), IndexingError> {
        for NewSegment { entry, bytes, .. } in segments {
            if let Entry::Vacant(vacant) = stored.entry(entry.id) {
                let now = SystemTime::now();
                self.segments.put(entry.id, bytes.clone()).await?;
                vacant.insert(now);
            }
        }
        Ok(())
    }

    /// Refuses to publish segments that were written so long ago, perhaps because the process was asleep, that garbage
    /// collection may soon take them for remains. Called right before the manifest is written: a process may fall
    /// asleep anywhere.
    fn expect_young(
        &self,
        segments: &[NewSegment],
        stored: &HashMap<SegmentId, SystemTime>,
    ) -> Result<(), IndexingError> {
        let time_budget = MIN_PUBLISH_TIME.max(self.safe_age / 2);
        let is_old = |at: &SystemTime| at.elapsed().is_ok_and(|age| age > time_budget);
        let mut written = segments.iter().filter_map(|new| stored.get(&new.entry.id));
        match written.any(is_old) {
            true => Err(IndexingError::Late { time_budget }),
            false => Ok(()),
        }
    }

    /// Replaces the manifest by `next` if nothing else was published in between. Returns the new generation.
    async fn swap(
        &self,
        next: Manifest,
        published: &Published,
        segments: &[NewSegment],
    ) -> Result<u64, StoreError> {
        let generation = next.generation;
        let (bytes, before) = (Bytes::from(next.encode()), published.etag.as_deref());
        let etag = self.manifests.swap(bytes, before).await?;
        self.reader.note(next, etag, segments);
        Ok(generation)
    }

    /// Publishes the segments of an earlier manifest again. Returns the new generation.
    pub(crate) async fn publish_again(
        &self,
        published: &Published,
        earlier: Manifest,
    ) -> Result<u64, StoreError> {
        self.keep(published).await?;
        let changed = Changed::step(Step::RolledBack);
        let mut next = self.next_generation(published, earlier, changed);
        // Whoever rebuilds a base does so from segments that are no longer the newest.
        next.lease = None;
        for standby in &mut next.standby_indexes {
            standby.lease = None;
        }
        let (bytes, before) = (Bytes::from(next.encode()), published.etag.as_deref());
        self.manifests.swap(bytes, before).await?;
        Ok(next.generation)
    }

    /// Returns `next` with its generation, its entry in the history, and the segments that no index has any more.
    fn next_generation(
        &self,
        published: &Published,
        mut next: Manifest,
        changed: Changed,
    ) -> Manifest {
        next.generation = published.generation().saturating_add(1);
        if let Some(current) = &published.manifest {
            next.history = current.history.clone();
        }
        next.record(now_milliseconds(), changed);
        next.retired = self.retired_by(&next, &published.manifest);
        next
    }

    /// Returns the segments that are retired once `next` takes the place of `current`.
    pub(crate) fn retired_by(
        &self,
        next: &Manifest,
        current: &Option<Manifest>,
    ) -> Vec<RetiredSegment> {
        let Some(current) = current else {
            return Vec::new();
        };
        let now = now_milliseconds();
        let safe_since = now.saturating_sub(self.safe_age.as_millis() as u64);
        let lately = current
            .retired
            .iter()
            .filter(|retired| retired.at >= safe_since);
        let replaced = current
            .entries()
            .filter(|old| !next.names(old.id))
            // Younger ones stay in the store for long enough by their age alone; naming every delta
            // that was merged in the last hour would let the manifest grow with the uploads.
            .filter(|old| age_of(old.id) > self.safe_age / 2)
            .map(|old| RetiredSegment {
                id: old.id,
                at: now,
            });
        lately.cloned().chain(replaced).collect()
    }
}

/// True if the manifest names a segment that this commit has stored.
fn names_any(published: &Published, stored: &HashMap<SegmentId, SystemTime>) -> bool {
    let manifest = published.manifest.iter();
    let mut entries = manifest.flat_map(Manifest::entries);
    entries.any(|entry| stored.contains_key(&entry.id))
}
