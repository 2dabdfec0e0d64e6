//! Publishing: new segment objects first, then the manifest by conditional write.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lookalike_index::{Manifest, RetiredSegment, SegmentEntry, SegmentId};
use tracing::info;

use super::current::{Current, EncoderIdentity, IndexReader};
use crate::error::StoreErrorKind;
use crate::indexing::IndexingError;
use crate::ports::{Manifests, Segments};
use crate::time::{Deadline, now_milliseconds};

/// Races lost in a row before giving up. With eight writers at work, a writer loses seven times in
/// eight; forty in a row happen once in two hundred thousand publications even without backoff.
const MOST_TRIES: u32 = 60;
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(600);

/// A segment to be written, and its place in the manifest.
#[derive(Debug, Clone)]
pub(crate) struct NewSegment {
    pub(crate) entry: SegmentEntry,
    pub(crate) bytes: Bytes,
}

/// A manifest that should follow the current one. Its generation is set when it is published.
#[derive(Debug, Clone)]
pub(crate) struct Proposal {
    pub(crate) segments: Vec<NewSegment>,
    pub(crate) manifest: Manifest,
}

/// What [`Publisher::publish`] ended with.
#[derive(Debug, Clone)]
pub(crate) struct Publication {
    /// The generation that holds the change, or the current one when there was nothing to change.
    pub(crate) generation: u64,
    /// Whether a manifest was written.
    pub(crate) published: bool,
    /// Races lost on the way.
    pub(crate) conflicts: u64,
}

/// Makes changes to the index.
pub(crate) struct Publisher {
    pub(crate) reader: IndexReader,
    manifests: Arc<dyn Manifests>,
    segments: Arc<dyn Segments>,
    /// How long a replaced segment stays on the shelf.
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

    /// Reads the index, lets `change` propose what should follow, and publishes that; again from the
    /// start when somebody else published in between. `change` answers `None` when nothing is left to
    /// do, which is also how a write is recognised that arrived although its answer did not.
    pub(crate) async fn publish(
        &self,
        encoder: &EncoderIdentity,
        deadline: Deadline,
        mut change: impl FnMut(&Current) -> Result<Option<Proposal>, IndexingError>,
    ) -> Result<Publication, IndexingError> {
        let mut conflicts = 0;
        let mut stored: Vec<SegmentId> = Vec::new();
        for attempt in 0..MOST_TRIES {
            let current = self.reader.read(encoder).await?;
            let ours = current
                .manifest
                .segments
                .iter()
                .any(|entry| stored.contains(&entry.id));
            let proposal = if ours { None } else { change(&current)? };
            let Some(proposal) = proposal else {
                return Ok(Publication {
                    generation: current.manifest.generation,
                    published: ours,
                    conflicts,
                });
            };
            for segment in &proposal.segments {
                if !stored.contains(&segment.entry.id) {
                    let bytes = segment.bytes.clone();
                    self.segments.put(segment.entry.id, bytes).await?;
                    stored.push(segment.entry.id);
                }
            }
            let manifest = self.successor(&current, proposal.manifest);
            let bytes = Bytes::from(manifest.encode());
            match self.manifests.swap(bytes, current.etag.as_deref()).await {
                Ok(_) => {
                    return Ok(Publication {
                        generation: manifest.generation,
                        published: true,
                        conflicts,
                    });
                }
                Err(error) if error.kind == StoreErrorKind::Conflict => conflicts += 1,
                // The write may have arrived: reading again tells.
                Err(error) if error.kind.is_retryable() && attempt < 3 => {
                    info!(%error, "the manifest write has no answer, reading again");
                }
                Err(error) => return Err(error.into()),
            }
            let pause = pause(attempt);
            if deadline.remaining() <= pause {
                return Err(IndexingError::Contended { tries: attempt + 1 });
            }
            tokio::time::sleep(pause).await;
        }
        Err(IndexingError::Contended { tries: MOST_TRIES })
    }

    /// Sets what follows from what: the generation, and which segments were replaced.
    fn successor(&self, current: &Current, mut next: Manifest) -> Manifest {
        let now = now_milliseconds();
        let safe_since = now.saturating_sub(self.safe_age.as_millis() as u64);
        next.generation = current.manifest.generation + 1;
        next.retired = current.manifest.retired.clone();
        next.retired.retain(|retired| retired.at >= safe_since);
        let replaced = current
            .manifest
            .segments
            .iter()
            .filter(|old| next.segments.iter().all(|entry| entry.id != old.id))
            .map(|old| RetiredSegment {
                id: old.id,
                at: now,
            });
        next.retired.extend(replaced);
        next
    }
}

/// Grows with every lost race, and no two writers wait equally long.
fn pause(attempt: u32) -> Duration {
    let ceiling = FIRST_PAUSE
        .saturating_mul(1 << attempt.min(10))
        .min(LONGEST_PAUSE);
    ceiling.mul_f64(rand::random_range(0.2..1.0))
}
