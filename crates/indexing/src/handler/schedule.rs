//! The daily run: finds changes whose events were lost, and maintains the index.

use lookalike_core::Deadline;
use serde_json::{Value, json};

use super::{Handler, HandlerError};
use crate::error::IndexingError;
use crate::healing::Healed;

impl Handler {
    /// Queues the keys at which bucket, index and records differ, brings rows in line with the table, and maintains the
    /// index, which happens even if the comparison fails or takes too long.
    pub(super) async fn scheduled(&self, deadline: Deadline) -> Result<Value, HandlerError> {
        let half = deadline.remaining() / 2;
        let healed = tokio::time::timeout(half, self.heal(deadline.before(half))).await;
        let healed = healed.unwrap_or_else(|_| {
            tracing::warn!(
                "comparing bucket, table and index takes too long; give the function more time"
            );
            Ok((0, Healed::default()))
        });
        self.indexer.maintain(deadline).await?;
        // Maintenance only collects after a merge, and what the last merge before a quiet time replaced would stay.
        self.indexer.collect_garbage().await?;
        let (queued, Healed { updated, failed }) = healed?;
        if failed > 0 {
            tracing::warn!(
                failed,
                "products could not be brought in line with the table"
            );
        }
        tracing::info!(queued, updated, "the scheduled run is done");
        Ok(json!({ "maintained": true, "queued": queued, "updated": updated }))
    }

    async fn heal(&self, deadline: Deadline) -> Result<(usize, Healed), IndexingError> {
        // Without a queue, as on one machine, the events of the bucket are not lost.
        let Some(changes) = &self.changes else {
            return Ok((0, Healed::default()));
        };
        let healed = self.indexer.heal_attributes(deadline).await?;
        // Changes that still wait are not lost, and in a large import there may be many.
        if changes.waiting().await? > 0 {
            tracing::info!("changes wait in the queue, so the next run looks for lost ones");
            return Ok((0, healed));
        }
        if let Some(backfill) = &self.backfill
            && backfill.waiting().await? > 0
        {
            tracing::info!("a backfill goes on, so the next run looks for lost changes");
            return Ok((0, healed));
        }
        let missed = self.indexer.missed_changes(deadline).await?;
        if !missed.is_empty() {
            tracing::warn!(keys = missed.len(), "queued changes whose events were lost");
            changes.push(&missed).await?;
        }
        Ok((missed.len(), healed))
    }
}
