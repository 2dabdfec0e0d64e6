//! Going back to an earlier generation of the index.

use std::collections::HashSet;
use std::time::SystemTime;

use bytes::Bytes;
use lookalike_core::error::{StoreError, StoreErrorKind};
use lookalike_core::model::KeptGeneration;
use lookalike_index::{IndexError, Manifest, SegmentId};

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
    /// be gone back to for half the safe age after it was replaced: as long as each of its segments is there.
    ///
    /// The index then differs from bucket and table by what changed since; the daily comparison brings that back.
    ///
    /// # Errors
    /// [`RollbackError`]; nothing was published, unless the last write got no answer.
    pub async fn roll_back(&self, to: u64) -> Result<u64, RollbackError> {
        for _ in 0..MAX_TRIES {
            let published = self.publisher.reader.published().await?;
            let earlier = self.earlier(to).await?;
            match self.publisher.publish_again(&published, earlier).await {
                Ok(generation) => return Ok(generation),
                Err(error) if error.kind == StoreErrorKind::Conflict => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(IndexingError::Contended { tries: MAX_TRIES }.into())
    }

    /// Returns the manifest of a replaced generation whose segments are all there, for some time yet.
    async fn earlier(&self, generation: u64) -> Result<Manifest, RollbackError> {
        let since = SystemTime::now() - self.settings.safe_age / 2;
        let kept = self.ports.generations.list().await?;
        let kept = kept.iter().filter(|kept| kept.modified >= since);
        let mut kept: Vec<u64> = kept
            .map(|KeptGeneration { generation, .. }| *generation)
            .collect();
        kept.sort_unstable();
        let manifest: Option<Bytes> = match kept.binary_search(&generation) {
            Ok(_) => self.ports.generations.load(generation).await?,
            Err(_) => None,
        };
        let manifest = manifest.ok_or(RollbackError::NotKept {
            wanted: generation,
            kept,
        })?;
        let manifest = Manifest::decode(&manifest)?;
        let stored = self.ports.shelf.list().await?;
        let stored: HashSet<SegmentId> = stored.iter().map(|segment| segment.id).collect();
        let missing = manifest
            .entries()
            .map(|entry| entry.id)
            .find(|id| !stored.contains(id));
        match missing {
            Some(id) => Err(RollbackError::Incomplete(id)),
            None => Ok(manifest),
        }
    }
}
