//! Finding changes whose events were lost, so that the index is right again within a day, whatever was lost.

use std::collections::BTreeSet;
use std::time::Duration;

use lookalike_core::time::Deadline;
use tracing::warn;

use crate::error::IndexingError;
use crate::indexer::Indexer;

/// Products whose rows are updated together.
const BATCH_PRODUCTS: usize = 500;
/// Time that must be left to begin a comparison with the table, or a batch of products. What does not fit is found by
/// the next run. The daily run gives half of its time to healing, which is less than 30 s if the function's timeout is
/// the shortest that the template allows, a minute.
const MIN_TIME: Duration = Duration::from_secs(20);

/// Rows that were brought in line with the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Healed {
    /// Rows whose attributes changed.
    pub updated: usize,
    /// Products that could not be updated; the next run tries them again.
    pub failed: usize,
}

impl Indexer {
    /// Returns the keys at which the bucket differs from the searched index or the records, to be queued as changes.
    /// Images that failed are left out as long as they are what failed: decoding them again would cost the same every
    /// day. Standby indexes are not compared: the command that changes the encoder fills the new one, at a pace that lets uploads
    /// through, and an image that only one encoder can embed would be tried again every day.
    ///
    /// # Errors
    /// [`IndexingError`] when bucket, searched index or table cannot be read.
    pub async fn missed_changes(&self, deadline: Deadline) -> Result<Vec<String>, IndexingError> {
        let indexes = self.publisher.reader.read_all().await?.readable()?;
        let searched = indexes.first();
        // In this order, so that an image that comes and fails meanwhile does not look like one that is gone.
        let failed = self.failed_images().await?;
        let stored = self.stored_images().await?;
        let is_found = |key: &str| searched.is_some_and(|index| index.view.locate(key).is_some());
        let is_done = |key: &str, etag: &String| {
            searched.is_some_and(|index| index.has_version(key, etag))
                || failed.versions.get(key) == Some(etag) && !is_found(key)
        };
        let new = stored.iter().filter(|(key, etag)| !is_done(key, etag));
        let mut missed: BTreeSet<String> = new.map(|(key, _)| key.clone()).collect();
        let indexed = searched.iter().flat_map(|index| index.live_keys());
        let known = indexed.chain(failed.keys());
        let gone = known.filter(|key| !stored.contains_key(*key));
        missed.extend(gone.map(str::to_owned));
        match deadline.remaining() < MIN_TIME {
            true => warn!("no time is left to look for images without a record; the next run does"),
            false => missed.extend(self.unrecorded().await?),
        }
        Ok(missed.into_iter().collect())
    }

    /// Brings the rows in line with the table whose attributes differ from it, as far as the time goes.
    ///
    /// # Errors
    /// [`IndexingError`] when index or table cannot be read, or the rows cannot be published.
    pub async fn heal_attributes(&self, deadline: Deadline) -> Result<Healed, IndexingError> {
        let mut healed = Healed::default();
        if deadline.remaining() < MIN_TIME {
            warn!("no time is left to compare attributes with the table; the next run does");
            return Ok(healed);
        }
        let outdated = self.outdated().await?.into_iter();
        let products: BTreeSet<String> = outdated.map(|outdated| outdated.product_id).collect();
        let products: Vec<String> = products.into_iter().collect();
        for chunk in products.chunks(BATCH_PRODUCTS) {
            if deadline.remaining() < MIN_TIME {
                warn!("no time is left to update all products; the next run goes on");
                break;
            }
            let report = self.index_products(chunk, deadline).await?;
            healed.updated += report.updated;
            healed.failed += report.retry.len();
        }
        Ok(healed)
    }
}
