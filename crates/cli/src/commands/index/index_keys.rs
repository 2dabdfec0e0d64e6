//! Indexing keys in this process.

use anyhow::Result;
use lookalike_indexing::{Indexer, Outcome};

use crate::deadline;
use crate::output;

/// Number of images that are indexed and published together.
const BATCH_IMAGES: usize = 100;

/// Indexes keys, reports those that failed, and returns their number.
pub(super) async fn index_keys(indexer: &Indexer, keys: &[String]) -> Result<usize> {
    let bar = output::progress("indexing", keys.len() as u64);
    let mut failed = 0;
    for batch in keys.chunks(BATCH_IMAGES) {
        let report = indexer.index_keys(batch, deadline::of_step()).await?;
        for (key, outcome) in &report.outcomes {
            let reason = match outcome {
                Outcome::Failed(failure) => &failure.reason,
                Outcome::Retry(reason) => reason,
                Outcome::Indexed | Outcome::Updated | Outcome::Removed | Outcome::Unchanged => {
                    continue;
                }
            };
            failed += 1;
            bar.suspend(|| eprintln!("{key}: {reason}"));
        }
        indexer.maintain(deadline::of_step()).await?;
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    Ok(failed)
}
