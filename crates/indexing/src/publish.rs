//! Publishing: new segment objects first, then the manifest by conditional write.
//!
//! `tests/protocol` checks a model of this and of garbage collection; the names of its actions are given here.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lookalike_core::error::{StoreError, StoreErrorKind};
use lookalike_core::host::Host;
use lookalike_core::ports::{Generations, Manifests, Segments};
use lookalike_core::time::Deadline;
use lookalike_index::{Changed, Collection, Fingerprint, Manifest, RetiredSegment, Step};
use tracing::info;

use crate::backoff::Backoff;
use crate::current::{Current, Published};
use crate::encoder_identity::EncoderIdentity;
use crate::error::IndexingError;
use crate::index_ports::IndexPorts;
use crate::index_reader::IndexReader;
use crate::manifest_edit::{Applied, Deltas, ManifestEdit, Refusal, apply};
use crate::new_segment::NewSegment;
use crate::uploads::Uploads;
use crate::vector_base::Touched;

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
    host: Arc<dyn Host>,
    /// The time that a replaced segment stays in the store.
    safe_age: Duration,
}

impl Publisher {
    pub(crate) fn new(ports: &IndexPorts, safe_age: Duration) -> Self {
        let (manifests, segments) = (&ports.manifests, &ports.segments);
        Self {
            reader: IndexReader::new(
                Arc::clone(manifests),
                Arc::clone(segments),
                Arc::clone(&ports.vector_base),
            ),
            manifests: Arc::clone(manifests),
            generations: Arc::clone(&ports.generations),
            segments: Arc::clone(segments),
            host: Arc::clone(&ports.host),
            safe_age,
        }
    }

    /// Reads the edited indexes, applies the edits, and publishes the result with one write; starts over if another
    /// writer published in between.
    ///
    /// One write for all edits means that there is no moment at which one index has a version of an image that another
    /// does not have yet: so a switch between indexes can be exact at any time.
    ///
    /// A segment that the manifest fences off, because garbage collection dooms it or may have removed it, is never
    /// published: its content is uploaded again under another id. So is one whose upload began too long ago for
    /// releases that collect by age alone.
    ///
    /// # Errors
    /// [`IndexingError`]; nothing was published, unless the last write got no answer.
    pub(crate) async fn commit(
        &self,
        deadline: Deadline,
        edits: &[ManifestEdit],
    ) -> Result<Commit, IndexingError> {
        self.commit_to(None, deadline, edits).await
    }

    /// Does the same, but refuses with [`Refusal::IndexAdded`] if the manifest has an index that is not among `known`: an
    /// image that is written to some indexes alone would be missing in the other.
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub(crate) async fn commit_to(
        &self,
        known: Option<&[Fingerprint]>,
        deadline: Deadline,
        edits: &[ManifestEdit],
    ) -> Result<Commit, IndexingError> {
        let encoders: Vec<EncoderIdentity> = edits
            .iter()
            .filter_map(ManifestEdit::encoder)
            .cloned()
            .collect();
        let mut edits = Cow::Borrowed(edits);
        let mut deltas = Deltas::new(Arc::clone(&self.host));
        let mut uploads = Uploads::new(
            MIN_PUBLISH_TIME.max(self.safe_age / 2),
            Arc::clone(&self.host),
        );
        let mut conflicts = 0;
        let mut unanswered = 0;
        let mut backoff = Backoff::until(deadline, &*self.host);
        loop {
            let read = self.reader.read_these(&encoders).await?;
            let generation = read.published.generation();
            let unchanged = |published, refusal| Commit {
                generation,
                published,
                conflicts,
                refusal,
            };
            if uploads.are_published(&read.published) {
                // The write that got no answer arrived.
                return Ok(unchanged(true, None));
            }
            let (published, indexes) = read.existing().complete()?;
            let mut existing = published.manifest.iter().flat_map(Manifest::fingerprints);
            if known.is_some_and(|known| existing.any(|f| !known.contains(&f))) {
                return Ok(unchanged(false, Some(Refusal::IndexAdded)));
            }
            let indexes = self.with_edited_rows(indexes, &edits).await?;
            uploads.renew(&published, &mut edits, &mut deltas).await?;
            let now = self.host.now();
            let successor = match apply(&edits, &published, &indexes, now, &mut deltas)? {
                Applied::Next(successor) => successor,
                Applied::Nothing => return Ok(unchanged(false, None)),
                Applied::Refused(refusal) => return Ok(unchanged(false, Some(refusal))),
            };
            let kept = async { Ok(self.keep(&published).await?) };
            let stored = self.store(&successor.segments, generation, &mut uploads);
            tokio::try_join!(stored, kept)?;
            if uploads.are_late(&successor.segments) {
                backoff.wait().await?;
                continue;
            }
            let next = self.next_generation(&published, successor.manifest, successor.changed);
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

    /// Adds the rows that edits change to each index that has a vector base.
    async fn with_edited_rows(
        &self,
        mut indexes: Vec<Arc<Current>>,
        edits: &[ManifestEdit],
    ) -> Result<Vec<Arc<Current>>, IndexingError> {
        for index in &mut indexes {
            let edits = edits
                .iter()
                .filter(|edit| edit.encoder().is_some_and(|e| index.is_of(e)));
            let keys: BTreeSet<String> = edits.flat_map(ManifestEdit::keys).collect();
            if !keys.is_empty() {
                *index = self
                    .reader
                    .with_touched(index, Touched::Keys(&keys))
                    .await?;
            }
        }
        Ok(indexes)
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

    /// Writes the segments that were not written yet: `Upload` in the model.
    async fn store(
        &self,
        segments: &[NewSegment],
        generation: u64,
        uploads: &mut Uploads,
    ) -> Result<(), IndexingError> {
        for NewSegment { entry, bytes, .. } in segments {
            if !uploads.contains(entry.id) {
                uploads.begin(entry.id, generation);
                self.segments.put(entry.id, bytes.clone()).await?;
            }
        }
        Ok(())
    }

    /// Replaces the manifest by `next` if nothing else was published in between: `Swap` in the model. Returns the new
    /// generation.
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
        // What was written to the vector base since is there all the same.
        if let (Some(next), Some(current)) = (
            &mut next.vector_base,
            published
                .manifest
                .iter()
                .find_map(|m| m.vector_base.as_ref()),
        ) {
            next.writer = next.writer.max(current.writer);
            next.lists.extend(&current.lists);
        }
        let (bytes, before) = (Bytes::from(next.encode()), published.etag.as_deref());
        self.manifests.swap(bytes, before).await?;
        Ok(next.generation)
    }

    /// Publishes the lists of a garbage collection: `Doom` and `Drop` in the model. Returns the new generation.
    pub(crate) async fn publish_collection(
        &self,
        published: &Published,
        current: &Manifest,
        collection: Collection,
    ) -> Result<u64, StoreError> {
        self.keep(published).await?;
        let changed = Changed::step(Step::GarbageCollected);
        let mut next = self.next_generation(published, current.clone(), changed);
        next.doomed = collection.doomed;
        next.forgotten = Some(collection.forgotten);
        self.swap(next, published, &[]).await
    }

    /// Returns `next` with its generation, its entry in the history, and the segments that no index has any more. What is
    /// doomed stays so: an earlier manifest that is published again has an older list.
    fn next_generation(
        &self,
        published: &Published,
        mut next: Manifest,
        changed: Changed,
    ) -> Manifest {
        next.generation = published.generation().saturating_add(1);
        if let Some(current) = &published.manifest {
            next.history = current.history.clone();
            next.doomed = current.doomed.clone();
        }
        let forgotten = published
            .manifest
            .as_ref()
            .map(Manifest::forgotten_generation);
        next.forgotten = Some(forgotten.unwrap_or(0));
        next.record(self.host.now(), changed);
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
        let now = self.host.now();
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
            .filter(|old| self.host.age_of(old.id) > self.safe_age / 2)
            .map(|old| RetiredSegment {
                id: old.id,
                at: now,
            });
        lately.cloned().chain(replaced).collect()
    }
}
