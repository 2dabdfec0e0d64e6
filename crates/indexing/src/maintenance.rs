//! Keeping the index small and fast, after a batch and while there is time.

use std::ops::Range;
use std::sync::{Arc, PoisonError};

use lookalike_core::time::Deadline;
use lookalike_index::{SegmentId, merge_deltas};
use tokio::time::Instant;
use tracing::warn;

use crate::current::{Current, Published};
use crate::encoder_identity::EncoderIdentity;
use crate::error::IndexingError;
use crate::indexer::Indexer;
use crate::manifest_edit::{IndexEdit, ManifestEdit, encode_delta};
use crate::rebuild_cost::RebuildCost;
use crate::report::MaintenanceReport;

impl Indexer {
    /// Merges small deltas, rebuilds the base when that is due and surely done before the deadline,
    /// and removes what is no longer needed; of every index that there is, the searched one first.
    ///
    /// # Errors
    /// [`IndexingError`]; the index is as good as before.
    pub async fn maintain(&self, deadline: Deadline) -> Result<MaintenanceReport, IndexingError> {
        let mut report = MaintenanceReport::default();
        let published = self.publisher.reader.published().await?;
        let encoders = published.encoders();
        for (place, encoder) in encoders.iter().enumerate() {
            let maintained = self
                .maintain_index(encoder, &published, deadline, &mut report)
                .await;
            match maintained {
                // A standby index that is damaged, or was just given up, must not stop the others.
                Err(error) if place > 0 => {
                    warn!(encoder = encoder.name, %error, "no maintenance of a standby index");
                }
                maintained => maintained?,
            }
        }
        let needed = encoders.iter().map(|encoder| encoder.fingerprint);
        self.ports.encoders.keep_configured(needed).await;
        let replaced_some = report.rebuilt_rows.is_some() || report.merged_deltas > 0;
        if replaced_some && self.is_time_to_collect() {
            report.collected = self.collect_garbage().await?.removed;
        }
        Ok(report)
    }

    /// True if [`maintain`](Self::maintain) would merge or rebuild segments in an invocation of its own. Reads no more
    /// than the manifest and what this process does not know yet of its segments.
    ///
    /// # Errors
    /// [`IndexingError`] when the searched index cannot be read.
    pub async fn is_maintenance_due(&self) -> Result<bool, IndexingError> {
        let policy = self.settings.policy;
        let indexes = self.publisher.reader.read_all().await?.readable()?;
        Ok(indexes.iter().any(|index| {
            let has_base = index.manifest.vector_base.is_some();
            let is_rebuild_due = !has_base && policy.rebuild_due(&index.view);
            self.merge_due(index).is_some()
                || self.is_drain_due(index)
                || is_rebuild_due && self.can_rebuild(index)
        }))
    }

    /// True if a whole invocation has time and memory to rebuild the base, and no other writer is at it. Otherwise each
    /// batch of a large catalog would ask for a rebuild that is postponed every time.
    fn can_rebuild(&self, index: &Current) -> bool {
        let is_leased =
            (index.manifest.lease.as_ref()).is_some_and(|l| l.until > self.ports.host.now());
        let invocation = Deadline::after(self.settings.longest_try);
        let cost = RebuildCost::of(index, &self.settings);
        !is_leased && cost.obstacle(self.settings.memory, invocation).is_none()
    }

    async fn maintain_index(
        &self,
        encoder: &EncoderIdentity,
        published: &Published,
        deadline: Deadline,
        report: &mut MaintenanceReport,
    ) -> Result<(), IndexingError> {
        let reader = &self.publisher.reader;
        let current = match reader.index(published, encoder).await {
            // Replaced and removed since the manifest was read: there is a newer one.
            Err(error) if error.is_missing_segment() => reader.read(encoder).await?,
            current => current?,
        };
        let policy = self.settings.policy;
        let rebuilt = report.rebuilt_rows;
        self.drain(encoder, &current, false, deadline, report)
            .await?;
        let has_base = current.manifest.vector_base.is_some();
        if !has_base && policy.rebuild_due(&current.view) {
            self.rebuild_in_time(encoder, &current, Some(policy), deadline, report)
                .await?;
        }
        // Deltas are also merged while a rebuild is postponed or another invocation is at it: the
        // number of segments stays small however long that takes.
        if report.rebuilt_rows == rebuilt && deadline.remaining() > self.settings.publish_reserve {
            self.merge(encoder, &current, deadline, report).await?;
        }
        Ok(())
    }

    /// Returns the deltas that should be merged, as positions in the manifest. Those that are drained next are left out.
    fn merge_due(&self, current: &Current) -> Option<Range<usize>> {
        let first = self.deltas_to_drain(current);
        let deltas = current.manifest.segments.get(first..)?;
        let range = self.settings.policy.merge_due(deltas)?;
        Some(range.start + first..range.end + first)
    }

    async fn merge(
        &self,
        encoder: &EncoderIdentity,
        current: &Current,
        deadline: Deadline,
        report: &mut MaintenanceReport,
    ) -> Result<(), IndexingError> {
        let Some(range) = self.merge_due(current) else {
            return Ok(());
        };
        let entries = &current.manifest.segments[range.clone()];
        let reader = &self.publisher.reader;
        let deltas = match reader.whole(entries, encoder.fingerprint).await {
            // Another process replaced them since the manifest was read.
            Err(error) if error.is_missing_segment() => return Ok(()),
            deltas => deltas?,
        };
        let replaced: Vec<SegmentId> = entries.iter().map(|entry| entry.id).collect();
        let (view, identity) = (Arc::clone(&current.view), encoder.clone());
        let id = self.ports.host.new_segment_id();
        let merge = move || encode_delta(&merge_deltas(&view, range, &deltas), id, &identity);
        let merged = tokio::task::spawn_blocking(merge).await??;
        let count = replaced.len();
        let edit = IndexEdit::MergeDeltas { merged, replaced };
        let edits = [ManifestEdit::index(encoder, edit)];
        if self.publisher.commit(deadline, &edits).await?.published {
            report.merged_deltas += count;
        }
        Ok(())
    }

    /// Listing every segment after every merge would cost more the more is uploaded; what there is to
    /// remove is as old as the safe age anyway.
    fn is_time_to_collect(&self) -> bool {
        let mut collected = self
            .collected
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let due = collected.is_none_or(|at| at.elapsed() >= self.settings.safe_age / 4);
        if due {
            *collected = Some(Instant::now());
        }
        due
    }
}
