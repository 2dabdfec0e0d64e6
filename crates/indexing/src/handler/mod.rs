//! Handles one invocation: reads which keys and products changed, has them indexed, and answers in the form that the
//! sender understands. The indexer function and the local server share it.

mod answers;
mod error;
mod queue;
mod schedule;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use lookalike_core::ports::ChangeQueue;
use lookalike_core::{CATALOG_PREFIX, Deadline, is_catalog_key};
use lookalike_events::{Change, Event, TableWrite};
use serde_json::{Value, json};

use answers::{counts, expect_all_done, warn_of_retries};

pub use error::HandlerError;

use crate::error::IndexingError;
use crate::indexer::Indexer;
use crate::report::BatchReport;

/// Time that must be left after a batch to start maintenance. Otherwise a later batch or the schedule does it.
const ENOUGH_FOR_MAINTENANCE: Duration = Duration::from_secs(5);

/// Turns events into calls of the [`Indexer`].
#[derive(Clone)]
pub struct Handler {
    indexer: Arc<Indexer>,
    catalog_bucket: String,
    changes: Option<Arc<dyn ChangeQueue>>,
    retries: Option<Arc<dyn ChangeQueue>>,
    backfill: Option<Arc<dyn ChangeQueue>>,
}

impl Handler {
    /// A handler of the changes in `catalog_bucket`; those in other buckets are ignored.
    pub fn new(indexer: Arc<Indexer>, catalog_bucket: impl Into<String>) -> Self {
        Self {
            indexer,
            catalog_bucket: catalog_bucket.into(),
            changes: None,
            retries: None,
            backfill: None,
        }
    }

    /// Adds the queue of a backfill: as long as images wait there, the schedule does not take them for lost.
    #[must_use]
    pub fn with_backfill(self, backfill: Option<Arc<dyn ChangeQueue>>) -> Self {
        Self { backfill, ..self }
    }

    /// Adds the queue of changes, to which the schedule sends the keys whose events were lost.
    #[must_use]
    pub fn with_changes(self, changes: Option<Arc<dyn ChangeQueue>>) -> Self {
        Self { changes, ..self }
    }

    /// Adds a retry queue, which hands out one message of one key at a time: redelivered keys are moved to it, and
    /// maintenance is asked for there.
    #[must_use]
    pub fn with_retries(self, retries: Option<Arc<dyn ChangeQueue>>) -> Self {
        Self { retries, ..self }
    }

    /// Handles one invocation until it is done or `deadline` is near.
    ///
    /// Answers a queue with `{"batchItemFailures": [{"itemIdentifier": id}, ..]}`, naming the messages to
    /// deliver again, a stream likewise by sequence number, and any other sender with counts of what was
    /// done.
    ///
    /// # Errors
    /// When everything that was delivered must be delivered again.
    pub async fn handle(&self, payload: Value, deadline: Deadline) -> Result<Value, HandlerError> {
        match Event::parse(payload)? {
            Event::Queue(messages) => self.queue(messages, deadline).await,
            Event::Direct(changes) => self.direct(&changes, deadline).await,
            Event::Stream(writes) => self.stream(&writes, deadline).await,
            Event::Scheduled => self.scheduled(deadline).await,
            Event::Maintenance => {
                self.indexer.maintain(deadline).await?;
                Ok(json!({ "maintained": true }))
            }
        }
    }

    async fn direct(&self, changes: &[Change], deadline: Deadline) -> Result<Value, HandlerError> {
        let ours = changes
            .iter()
            .filter(|change| self.concerns_catalog(change));
        let keys: BTreeSet<&str> = ours.map(|change| change.key.as_str()).collect();
        let report = self.index(keys, deadline).await?;
        expect_all_done(&report)?;
        self.maintain_after_batch(deadline).await;
        Ok(counts(&report))
    }

    /// Brings the rows of each product in line with the table, once, however often it is named.
    async fn stream(
        &self,
        writes: &[TableWrite],
        deadline: Deadline,
    ) -> Result<Value, HandlerError> {
        let products: BTreeSet<&String> = (writes.iter())
            .filter_map(|write| write.product_id.as_ref())
            .collect();
        let products: Vec<String> = products.into_iter().cloned().collect();
        let report = self.indexer.index_products(&products, deadline).await?;
        let retried: HashMap<&str, &str> = (report.retry.iter())
            .map(|(product, reason)| (product.as_str(), reason.as_str()))
            .collect();
        for (product, reason) in &retried {
            tracing::warn!(product, reason, "a product must be tried again");
        }
        let is_retried = |id: &String| retried.contains_key(id.as_str());
        let failed: Vec<Value> = (writes.iter())
            .filter(|write| write.product_id.as_ref().is_some_and(is_retried))
            .map(|write| json!({ "itemIdentifier": write.sequence_number }))
            .collect();
        self.maintain_after_batch(deadline).await;
        Ok(json!({ "batchItemFailures": failed }))
    }

    /// Indexes keys as a batch.
    async fn index<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a str>,
        deadline: Deadline,
    ) -> Result<BatchReport, HandlerError> {
        let keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
        let report = self.indexer.index_keys(&keys, deadline).await?;
        warn_of_retries(&report);
        Ok(report)
    }

    fn concerns_catalog(&self, change: &Change) -> bool {
        let ours = change.bucket == self.catalog_bucket;
        let below_catalog = ours && change.key.starts_with(CATALOG_PREFIX);
        if !below_catalog {
            tracing::warn!(
                bucket = change.bucket,
                key = change.key,
                "ignored a change outside of s3://{}/{CATALOG_PREFIX}: check what is notified",
                self.catalog_bucket
            );
        }
        // Folder markers are below the prefix but are no images.
        below_catalog && is_catalog_key(&change.key)
    }

    /// Has the index maintained after a batch. With a retry queue this is an invocation of its own: the batch is not
    /// acknowledged before this one ends, and would be delivered again if a rebuild used up the time or the memory.
    /// The batch is published by now: a failure is logged, and a later batch tries again.
    async fn maintain_after_batch(&self, deadline: Deadline) {
        let left = deadline.remaining();
        if left < ENOUGH_FOR_MAINTENANCE {
            return;
        }
        let maintained = match &self.retries {
            Some(queue) => {
                let request = self.request_maintenance(queue.as_ref());
                tokio::time::timeout(left / 2, request).await
            }
            None => Ok(self.indexer.maintain(deadline).await.map(|_| ())),
        };
        match maintained {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error = %error, "maintenance failed this time"),
            Err(_) => tracing::warn!("no time is left to ask for maintenance"),
        }
    }

    async fn request_maintenance(&self, queue: &dyn ChangeQueue) -> Result<(), IndexingError> {
        if self.indexer.is_maintenance_due().await? {
            queue.request_maintenance().await?;
        }
        Ok(())
    }
}
