//! Repairing the differences between bucket, index and records.

use anyhow::Result;
use lookalike_indexing::Outcome;
use lookalike_search::{AuditReport, StaleRecord};
use serde::Serialize;

use crate::deadline;
use crate::output;
use crate::target::Target;

/// Number of images that are indexed and published together.
const BATCH_IMAGES: usize = 100;

/// The keys and records that a repair changed.
#[derive(Debug, Default, Serialize)]
pub(super) struct Repaired {
    /// Keys whose images were indexed.
    pub(super) indexed: Vec<String>,
    /// Keys that were removed from the index, or were no longer in it.
    pub(super) removed: Vec<String>,
    /// Keys that were correct, and whose records were rewritten.
    pub(super) recorded: Vec<String>,
    /// Keys whose images cannot be indexed, which is recorded now.
    pub(super) failed: Vec<NotIndexed>,
    /// Keys that could not be processed.
    pub(super) not_done: Vec<NotIndexed>,
    /// False records that were removed.
    pub(super) records_removed: Vec<StaleRecord>,
}

/// A key, and the reason why it is not indexed.
#[derive(Debug, Serialize)]
pub(super) struct NotIndexed {
    pub(super) key: String,
    pub(super) reason: String,
}

impl Repaired {
    pub(super) fn is_nothing(&self) -> bool {
        let done = [&self.indexed, &self.removed, &self.recorded];
        let failed = [&self.failed, &self.not_done];
        done.iter().all(|keys| keys.is_empty())
            && failed.iter().all(|keys| keys.is_empty())
            && self.records_removed.is_empty()
    }

    fn note(&mut self, key: String, outcome: Outcome) {
        match outcome {
            Outcome::Indexed | Outcome::Updated => self.indexed.push(key),
            Outcome::Removed => self.removed.push(key),
            Outcome::Unchanged => self.recorded.push(key),
            Outcome::Failed(failure) => self.failed.push(NotIndexed {
                key,
                reason: failure.reason,
            }),
            Outcome::Retry(reason) => self.not_done.push(NotIndexed { key, reason }),
        }
    }
}

/// Processes the keys in the report, and no others. False records are removed first: indexing their
/// keys, as after an event, then records the truth.
pub(super) async fn repair(target: &Target, report: &AuditReport) -> Result<Repaired> {
    let mut repaired = Repaired::default();
    let records = report.contradictions.items.iter();
    for record in records.filter(|record| record.contradiction.is_false()) {
        let removed = target.cloud.records.remove(&record.product_id, &record.key);
        removed.await?;
        repaired.records_removed.push(record.clone());
    }
    let keys = report.keys_to_repair();
    let indexer = target.indexer(target.encoders());
    let bar = output::progress("repairing", keys.len() as u64);
    for batch in keys.chunks(BATCH_IMAGES) {
        let deadline = deadline::of_step();
        let done = indexer.index_keys(batch, deadline).await?;
        for (key, outcome) in done.outcomes {
            repaired.note(key, outcome);
        }
        indexer.maintain(deadline).await?;
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    Ok(repaired)
}
