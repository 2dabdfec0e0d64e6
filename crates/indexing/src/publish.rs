//! Publishing: new segment objects first, then the manifest by conditional write.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use lookalike_core::error::StoreErrorKind;
use lookalike_core::ports::{Manifests, Segments};
use lookalike_core::time::{Deadline, age_of, now_milliseconds};
use lookalike_index::{Changed, Manifest, RetiredSegment, SegmentId};
use tracing::info;

use crate::current::{Current, IndexReader, Published, TRIES};
use crate::encoder_identity::EncoderIdentity;
use crate::new_segment::NewSegment;
use crate::proposal::{Change, Proposal, Proposer, Reuse, Together};
use crate::report::IndexingError;

/// Races lost in a row before giving up. With eight writers at work, a writer loses seven times in
/// eight; sixty in a row would happen once in three thousand publications even without backoff.
const MAX_TRIES: u32 = 60;
/// Manifest writes without an answer before giving up.
pub(crate) const MAX_UNANSWERED: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const MAX_PAUSE: Duration = Duration::from_millis(600);
/// A publication may take so long whatever the safe age is.
const MIN_PATIENCE: Duration = Duration::from_secs(60);

/// The result of [`Publisher::publish`].
#[derive(Debug, Clone)]
pub(crate) struct Publication {
    /// The generation that holds the change, or the current one when there was nothing to change.
    pub(crate) generation: u64,
    /// True if a manifest was written.
    pub(crate) published: bool,
    /// Races lost on the way.
    pub(crate) conflicts: u64,
}

/// Makes changes to the index.
pub(crate) struct Publisher {
    pub(crate) reader: IndexReader,
    manifests: Arc<dyn Manifests>,
    segments: Arc<dyn Segments>,
    /// The time that a replaced segment stays in the store.
    safe_age: Duration,
}

impl Publisher {
    pub(crate) fn new(
        manifests: Arc<dyn Manifests>,
        segments: Arc<dyn Segments>,
        safe_age: Duration,
    ) -> Self {
        Self {
            reader: IndexReader::new(Arc::clone(&manifests), Arc::clone(&segments)),
            manifests,
            segments,
            safe_age,
        }
    }

    /// Publishes a change of one index. See [`publish_all`](Self::publish_all).
    pub(crate) async fn publish(
        &self,
        encoder: &EncoderIdentity,
        deadline: Deadline,
        change: impl FnMut(&Current, Reuse) -> Result<Option<Proposal>, IndexingError> + Send,
    ) -> Result<Publication, IndexingError> {
        let mut changes = [Change::new(encoder, change)];
        self.publish_all(deadline, &mut changes).await
    }

    /// Reads the indexes, lets every change propose what should follow, and publishes all of that with
    /// one write; again from the start when somebody else published in between. A change answers
    /// `None` when nothing is left to do, which is also how a write is recognised that arrived although
    /// its answer did not. It is told whether the segments that it proposed before were certainly never
    /// part of the index, and may be proposed again.
    ///
    /// One write for all means that there is no moment at which one index says of an image what
    /// another does not say yet: that is what lets a switch be exact at any time.
    pub(crate) async fn publish_all(
        &self,
        deadline: Deadline,
        changes: &mut [Change<'_>],
    ) -> Result<Publication, IndexingError> {
        let reader = &self.reader;
        self.publish_with(deadline, &mut Together { reader, changes })
            .await
    }

    /// Publishes what `proposer` makes of the whole manifest.
    pub(crate) async fn publish_with(
        &self,
        deadline: Deadline,
        proposer: &mut dyn Proposer,
    ) -> Result<Publication, IndexingError> {
        let mut conflicts = 0;
        let mut unanswered = 0;
        let mut missing = 1;
        let mut stored: HashMap<SegmentId, SystemTime> = HashMap::new();
        let mut attempt = 0;
        while attempt < MAX_TRIES {
            let current = self.reader.published().await?;
            let ours = current.manifest.as_ref().is_some_and(|manifest| {
                let mut entries = manifest.entries();
                entries.any(|entry| stored.contains_key(&entry.id))
            });
            let reuse = match unanswered {
                0 => Reuse::Allowed,
                _ => Reuse::Forbidden,
            };
            let proposal = match ours {
                true => None,
                false => match proposer.propose(&current, reuse).await {
                    // Replaced and removed since the manifest was read: there is a newer one.
                    Err(error) if error.is_missing_segment() && missing < TRIES => {
                        missing += 1;
                        continue;
                    }
                    proposal => proposal?,
                },
            };
            let Some(proposal) = proposal else {
                return Ok(Publication {
                    generation: current.generation(),
                    published: ours,
                    conflicts,
                });
            };
            self.store(&proposal.segments, &mut stored).await?;
            let next = self.successor(&current, proposal.manifest, proposal.changed);
            let bytes = Bytes::from(next.encode());
            match self.manifests.swap(bytes, current.etag.as_deref()).await {
                Ok(etag) => {
                    let generation = next.generation;
                    self.reader.note(next, etag, &proposal.segments);
                    return Ok(Publication {
                        generation,
                        published: true,
                        conflicts,
                    });
                }
                Err(error) if error.kind == StoreErrorKind::Conflict => conflicts += 1,
                // The write may have arrived: reading again tells.
                Err(error) if error.kind.is_retryable() && unanswered < MAX_UNANSWERED => {
                    unanswered += 1;
                    info!(%error, "the manifest write has no answer, reading again");
                }
                Err(error) => return Err(error.into()),
            }
            let pause = pause(attempt);
            attempt += 1;
            if deadline.remaining() <= pause {
                return Err(IndexingError::Contended { tries: attempt });
            }
            tokio::time::sleep(pause).await;
        }
        Err(IndexingError::Contended { tries: MAX_TRIES })
    }

    /// Writes the segments that were not written yet. Refuses those that were written so long ago,
    /// perhaps because the process was asleep, that garbage collection may soon take them for remains.
    async fn store(
        &self,
        segments: &[NewSegment],
        stored: &mut HashMap<SegmentId, SystemTime>,
    ) -> Result<(), IndexingError> {
        let time_budget = MIN_PATIENCE.max(self.safe_age / 2);
        for NewSegment { entry, bytes, .. } in segments {
            match stored.get(&entry.id) {
                None => {
                    let now = SystemTime::now();
                    self.segments.put(entry.id, bytes.clone()).await?;
                    stored.insert(entry.id, now);
                }
                Some(at) if at.elapsed().is_ok_and(|age| age > time_budget) => {
                    return Err(IndexingError::Late { time_budget });
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Sets what follows from what: the generation, its place in the history, and which segments no index has any
    /// more.
    fn successor(&self, current: &Published, mut next: Manifest, changed: Changed) -> Manifest {
        let now = now_milliseconds();
        let safe_since = now.saturating_sub(self.safe_age.as_millis() as u64);
        next.generation = current.generation().saturating_add(1);
        let Some(current) = &current.manifest else {
            next.record(now, changed);
            return next;
        };
        next.history = current.history.clone();
        next.record(now, changed);
        next.retired = current.retired.clone();
        next.retired.retain(|retired| retired.at >= safe_since);
        let replaced: Vec<RetiredSegment> = current
            .entries()
            .filter(|old| !next.names(old.id))
            // Younger ones stay on the shelf for long enough by their age alone; naming every delta
            // that was merged in the last hour would let the manifest grow with the uploads.
            .filter(|old| age_of(old.id) > self.safe_age / 2)
            .map(|old| RetiredSegment {
                id: old.id,
                at: now,
            })
            .collect();
        next.retired.extend(replaced);
        next
    }
}

/// Grows with every lost race, and no two writers wait equally long.
fn pause(attempt: u32) -> Duration {
    let ceiling = FIRST_PAUSE
        .saturating_mul(1 << attempt.min(10))
        .min(MAX_PAUSE);
    ceiling.mul_f64(rand::random_range(0.2..1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        for attempt in 0..MAX_TRIES {
            let pause = pause(attempt);
            assert!(pause >= FIRST_PAUSE.mul_f64(0.2) && pause <= MAX_PAUSE);
        }
        assert!((0..20).any(|_| pause(0) != pause(0)));
    }
}
