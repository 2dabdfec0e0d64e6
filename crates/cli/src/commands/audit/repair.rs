//! Putting right what bucket, index and records disagree about.

use anyhow::Result;
use lookalike_core::Deadline;
use lookalike_indexing::Outcome;
use lookalike_search::{AuditReport, StaleRecord};
use serde::Serialize;

use super::PATIENCE;
use crate::output;
use crate::target::Target;

/// Pictures indexed and published together.
const BATCH: usize = 100;

/// What a repair did.
#[derive(Debug, Default, Serialize)]
pub(super) struct Repaired {
    /// Keys whose pictures were indexed.
    pub(super) indexed: Vec<String>,
    /// Keys that were taken out of the index, or were in it no more.
    pub(super) removed: Vec<String>,
    /// Keys that are as they should be; what was recorded of them was written anew.
    pub(super) recorded: Vec<String>,
    /// Keys whose pictures cannot be indexed, which is recorded now.
    pub(super) failed: Vec<NotIndexed>,
    /// Keys that could not be seen to.
    pub(super) not_done: Vec<NotIndexed>,
    /// Records that told of what is not so, and were removed.
    pub(super) records_removed: Vec<StaleRecord>,
}

/// A key, and why it is not indexed.
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

/// Sees to the keys that the report names, and to no others. False records go first: looking at their keys, as
/// after an event, writes down what is true.
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
    for batch in keys.chunks(BATCH) {
        let deadline = Deadline::after(PATIENCE);
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
