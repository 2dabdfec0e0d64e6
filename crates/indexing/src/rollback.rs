//! Going back to an earlier generation of the index.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use bytes::Bytes;
use lookalike_core::encoders::NoEncoder;
use lookalike_core::error::{StoreError, StoreErrorKind};
use lookalike_index::{HistoryEntry, IndexError, Manifest, SegmentEntry, SegmentId};

use crate::current::Published;
use crate::error::IndexingError;
use crate::indexer::Indexer;

/// Manifest writes that lost a race before giving up.
const MAX_TRIES: u32 = 10;

/// The reason why the index cannot go back to a generation.
#[derive(Debug, thiserror::Error)]
pub enum RollbackError {
    /// The generation is not kept, or not for long enough any more.
    #[error("generation {wanted} is not kept: {}", available(.kept))]
    NotKept {
        /// The generation that was asked for.
        wanted: u64,
        /// The generations that are kept, oldest first.
        kept: Vec<u64>,
    },
    /// A segment of the generation is gone.
    #[error(
        "segment {0} of that generation is gone: choose a later generation, or run `lookalike index rebuild`"
    )]
    Incomplete(SegmentId),
    /// A segment of the generation is about to be removed.
    #[error(
        "segment {0} of that generation is being removed: choose a later generation, or run `lookalike index rebuild`"
    )]
    Doomed(SegmentId),
    /// The generation has another base.
    #[error(
        "that generation has another base, in a segment or in an engine: `lookalike reindex --engine segments` goes back to the \
         base before"
    )]
    OtherBase,
    /// An encoder of the generation is gone, without which nothing can be searched or indexed.
    #[error("{0}: choose a later generation")]
    Encoder(NoEncoder),
    /// The index could not be read or published.
    #[error(transparent)]
    Indexing(#[from] IndexingError),
}

impl From<StoreError> for RollbackError {
    fn from(error: StoreError) -> Self {
        IndexingError::from(error).into()
    }
}

impl From<IndexError> for RollbackError {
    fn from(error: IndexError) -> Self {
        IndexingError::from(error).into()
    }
}

fn available(kept: &[u64]) -> String {
    match (kept.first(), kept.last()) {
        (Some(first), Some(last)) if kept.len() > 3 => {
            format!("{} from {first} to {last} are", kept.len())
        }
        (Some(_), Some(_)) => {
            let kept: Vec<String> = kept.iter().map(u64::to_string).collect();
            format!("{} can be gone back to", kept.join(", "))
        }
        _ => "no generation was replaced lately".to_owned(),
    }
}

impl Indexer {
    /// Publishes the segments of generation `to` again, as a new generation, whose number is returned. A generation can
    /// be gone back to for a quarter of the safe age after it was replaced.
    ///
    /// The index then differs from bucket and table by what changed since; the daily comparison brings that back.
    ///
    /// # Errors
    /// [`RollbackError`]; nothing was published, unless the last write got no answer.
    pub async fn roll_back(&self, to: u64) -> Result<u64, RollbackError> {
        for _ in 0..MAX_TRIES {
            let published = self.publisher.reader.published().await?;
            let earlier = self.earlier(to, &published).await?;
            match self.publisher.publish_again(&published, earlier).await {
                Ok(generation) => return Ok(generation),
                Err(error) if error.kind == StoreErrorKind::Conflict => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(IndexingError::Contended { tries: MAX_TRIES }.into())
    }

    /// Returns the manifest of a generation that was replaced lately, whose segments and encoders are there.
    async fn earlier(
        &self,
        generation: u64,
        published: &Published,
    ) -> Result<Manifest, RollbackError> {
        let kept = self.replaced_lately(published).await?;
        let manifest: Option<Bytes> = match kept.contains(&generation) {
            true => self.ports.generations.load(generation).await?,
            false => None,
        };
        let manifest = manifest.ok_or(RollbackError::NotKept {
            wanted: generation,
            kept,
        })?;
        let manifest = Manifest::decode(&manifest)?;
        let bases = |m: &Manifest| {
            let bases = m.vector_bases();
            let bases = bases.map(|e| (e.name.clone(), e.is_serving, e.replaced.is_some()));
            bases.collect::<Vec<_>>()
        };
        if (published.manifest.as_ref()).is_some_and(|current| bases(current) != bases(&manifest)) {
            return Err(RollbackError::OtherBase);
        }
        for fingerprint in manifest.fingerprints() {
            let encoder = self.ports.encoders.of(fingerprint).await;
            encoder.map_err(RollbackError::Encoder)?;
        }
        self.check_segments(&manifest, published).await?;
        Ok(manifest)
    }

    /// Refuses segments that are gone, or that garbage collection is about to remove. One that is doomed after this makes
    /// the publication fail. One that was removed and dropped from the list is missing, because it is listed only now.
    async fn check_segments(
        &self,
        earlier: &Manifest,
        published: &Published,
    ) -> Result<(), RollbackError> {
        let dooms = |id: SegmentId| published.manifest.iter().any(|m| m.dooms(id));
        let stored = self.ports.shelf.list().await?;
        let stored: HashSet<SegmentId> = stored.iter().map(|segment| segment.id).collect();
        for SegmentEntry { id, .. } in earlier.entries() {
            if dooms(*id) {
                return Err(RollbackError::Doomed(*id));
            }
            if !stored.contains(id) {
                return Err(RollbackError::Incomplete(*id));
            }
        }
        Ok(())
    }

    /// Returns the generations that were replaced no longer ago than a quarter of the safe age, oldest first. That is
    /// half of the time for which their segments are there at the least. The time is that of the generation after it:
    /// a writer that was asleep may have kept a manifest long after it was replaced.
    async fn replaced_lately(&self, published: &Published) -> Result<Vec<u64>, RollbackError> {
        let kept = self.ports.generations.list().await?;
        let numbers: BTreeSet<u64> = kept.iter().map(|kept| kept.generation).collect();
        let quarter = self.settings.safe_age.as_millis() as u64 / 4;
        let since = self.ports.host.now().saturating_sub(quarter);
        let mut at = BTreeMap::new();
        let newest = published.manifest.iter();
        at.extend(
            newest
                .flat_map(|manifest| &manifest.history)
                .map(published_at),
        );
        let mut lately = Vec::new();
        // A writer keeps the current one before it replaces it.
        let replaced = numbers.range(..published.generation()).rev();
        for generation in replaced.copied() {
            if !at.contains_key(&(generation + 1))
                && let Some(bytes) = self.ports.generations.load(generation + 1).await?
                && let Ok(manifest) = Manifest::decode(&bytes)
            {
                at.extend(manifest.history.iter().map(published_at));
            }
            match at.get(&(generation + 1)) {
                Some(at) if *at >= since => lately.push(generation),
                // Those before it were replaced even earlier.
                _ => break,
            }
        }
        lately.reverse();
        Ok(lately)
    }
}

fn published_at(entry: &HistoryEntry) -> (u64, u64) {
    (entry.generation, entry.at)
}
