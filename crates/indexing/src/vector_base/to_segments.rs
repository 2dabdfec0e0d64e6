//! The way back from a vector base whose base segment was given up: its rows are copied into a new base segment, which
//! takes its place by one conditional write, like a base that was rebuilt.
//!
//! A lease keeps others from draining meanwhile. Deltas that are published meanwhile stay, and one more delta marks the
//! rows of the new base that they supersede. What a backfill writes after its slot was read is not in the new base:
//! the command compares the index with the bucket afterwards.

use lookalike_core::time::Deadline;
use lookalike_core::vector_base::{BaseAddress, VectorBase};
use lookalike_index::{Row, Segment, SegmentEntry, rebuild_base};

use super::migration::{BaseMigration, failed};
use crate::encoder_identity::EncoderIdentity;
use crate::error::IndexingError;
use crate::indexer::Indexer;
use crate::manifest_edit::{IndexEdit, ManifestEdit, VectorBaseEdit};
use crate::rebuild::encode_base;
use crate::rebuild_cost::RebuildCost;
use crate::time_budget::TimeBudget;
use crate::vector_base_error::VectorBaseError;

/// The lease lasts so many times as long as a rebuild of as many rows: they are read first.
const LEASE_FACTOR: u32 = 4;

impl BaseMigration<'_> {
    /// Copies all rows of the vector base into a new base segment and makes the index search that. Returns the number of
    /// its rows. `progress` hears of the rows that were read. The vector base stays until
    /// [`remove_unused`](Self::remove_unused).
    ///
    /// # Errors
    /// [`VectorBaseError`], among them [`VectorBaseError::Busy`] and [`VectorBaseError::NoRoom`]; the index is as before.
    pub async fn return_to_segments(
        &self,
        deadline: Deadline,
        mut progress: impl FnMut(u64),
    ) -> Result<u64, VectorBaseError> {
        let (encoder, current) = self.searched().await?;
        let base = BaseAddress::of_serving(&current.manifest).ok_or(VectorBaseError::Missing)?;
        let images = current
            .manifest
            .serving_base()
            .map_or(0, |entry| entry.images);
        let indexer = self.indexer();
        let cost = RebuildCost::of_rows(images, &indexer.settings);
        if let Some(obstacle) = cost.obstacle(indexer.settings.memory, deadline) {
            return Err(VectorBaseError::NoRoom(obstacle));
        }
        let owner = indexer.ports.host.new_segment_id().to_string();
        let lease = VectorBaseEdit::Lease {
            name: base.name.clone(),
            owner: owner.clone(),
            duration: deadline.remaining().min(LEASE_FACTOR * cost.time),
        };
        self.edit(&encoder, lease, deadline).await?;
        let returned = indexer
            .return_leased(&encoder, &base, &owner, deadline, &mut progress)
            .await;
        if !matches!(returned, Ok(Some(_))) {
            indexer.release_lease(&encoder, owner, deadline).await;
        }
        let entry = returned?.ok_or(VectorBaseError::Busy)?;
        Ok(u64::from(entry.rows))
    }
}

impl Indexer {
    /// Returns the entry of the new base; `None` if the lease ran out and another process took it.
    async fn return_leased(
        &self,
        encoder: &EncoderIdentity,
        base: &BaseAddress,
        owner: &str,
        deadline: Deadline,
        progress: &mut impl FnMut(u64),
    ) -> Result<Option<SegmentEntry>, VectorBaseError> {
        // Deltas first: what is drained between the two readings is in both.
        let (current, mut segments) = self.publisher.reader.read_whole(encoder).await?;
        let replaced = current.view.segments().iter().map(|s| s.id()).collect();
        let rows = all_rows(&*self.ports.vector_base, base, progress).await?;
        let (policy, identity) = (self.settings.policy, encoder.clone());
        let id = self.ports.host.new_segment_id();
        let time_budget = TimeBudget::until(deadline.before(self.settings.publish_reserve));
        let build = move || {
            let found = Segment::of_found(rows, identity.fingerprint, identity.dimensions)?;
            let view = current.view.with_found(found.meta().clone());
            segments.push(found);
            let content = rebuild_base(&view, &segments);
            drop(segments);
            encode_base(&content, id, &identity, &policy, time_budget)
        };
        let built = tokio::task::spawn_blocking(build).await;
        let (new, _) = built.map_err(IndexingError::from)??;
        let entry = new.entry.clone();
        let edit = IndexEdit::ReplaceBase {
            base: new,
            replaced,
            owner: owner.to_owned(),
            vector_base: Some(base.name.clone()),
        };
        let edits = [ManifestEdit::index(encoder, edit)];
        let commit = self.publisher.commit(deadline, &edits).await?;
        Ok(commit.published.then_some(entry))
    }
}

async fn all_rows(
    engine: &dyn VectorBase,
    base: &BaseAddress,
    progress: &mut impl FnMut(u64),
) -> Result<Vec<Row>, VectorBaseError> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let page = engine.scan(base, after.as_deref()).await.map_err(failed)?;
        rows.extend(page.items);
        progress(rows.len() as u64);
        after = page.next;
        if after.is_none() {
            return Ok(rows);
        }
    }
}
