//! One invocation: which keys and products changed, what became of them, and the answer that the sender
//! understands.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use lookalike_service::ports::ChangeQueue;
use lookalike_service::{
    BatchReport, CATALOG_PREFIX, Deadline, Indexer, IndexingError, Outcome, is_catalog_key,
};
use serde_json::{Value, json};

use crate::events::{Change, Event, EventError, Message, TableWrite};

/// Time that must be left after a batch to start looking after the index. What does not fit is left to a
/// later batch or the schedule.
const ENOUGH_FOR_MAINTENANCE: Duration = Duration::from_secs(5);

/// Turns events into calls of the [`Indexer`].
#[derive(Clone)]
pub struct Handler {
    indexer: Arc<Indexer>,
    catalog_bucket: String,
    retries: Option<Arc<dyn ChangeQueue>>,
}

/// Why an invocation failed as a whole; whoever invoked the function tries it again.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The payload is no event that the function takes.
    #[error(transparent)]
    Event(#[from] EventError),
    /// Nothing of the batch could be indexed, or the index could not be looked after.
    #[error(transparent)]
    Indexing(#[from] IndexingError),
    /// Some pictures must be tried again, and the sender takes no partial answer.
    #[error("{count} of {total} changes must be tried again, the first of them {key:?}: {reason}")]
    Unfinished {
        /// How many must be tried again.
        count: usize,
        /// How many there were.
        total: usize,
        /// One of those.
        key: String,
        /// Why that one could not be finished.
        reason: String,
    },
}

impl Handler {
    /// A handler of the changes in `catalog_bucket`; those in other buckets are not its business.
    pub fn new(indexer: Arc<Indexer>, catalog_bucket: impl Into<String>) -> Self {
        Self {
            indexer,
            catalog_bucket: catalog_bucket.into(),
            retries: None,
        }
    }

    /// The same with a queue that hands out one message of one key at a time, to which goes what came back.
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
            Event::Maintenance => {
                self.indexer.maintain(deadline).await?;
                Ok(json!({ "maintained": true }))
            }
        }
    }

    async fn queue(
        &self,
        messages: Vec<Message>,
        deadline: Deadline,
    ) -> Result<Value, HandlerError> {
        let readable = || messages.iter().filter(|message| message.changes.is_ok());
        let is_first = readable().all(|message| message.receives <= 1);
        let report = match is_first {
            true => {
                let changes = readable().flat_map(|message| message.changes.iter().flatten());
                self.index(changes, deadline).await?
            }
            false => self.redelivered(readable(), deadline).await?,
        };
        let retried = retries(&report);
        let failed: Vec<Value> = messages
            .iter()
            .filter(|message| must_return(message, &retried))
            .map(|message| json!({ "itemIdentifier": message.id }))
            .collect();
        // What came back is to be done with as soon as it can be.
        if is_first {
            self.maintain_if_time_is_left(deadline).await;
        }
        Ok(json!({ "batchItemFailures": failed }))
    }

    /// Handles a batch in which some message came before: the process may have died of one of its images, and may
    /// do so again, which costs every message of the invocation one of the receives that it has.
    ///
    /// So several keys are not tried here. Each goes on as a message of its own to the queue of retries, which hands
    /// out one message at a time, and all messages of the batch are done. A key that is alone is tried.
    ///
    /// This is why images that kill the process, however many and in whatever batches, never take a good one with
    /// them, and end up recorded as failed, within five receives of each queue:
    /// 1. In the queue of changes, images are decoded only where every message is received for the first time, or
    ///    where there is a single key. The death of a batch is the first receive of all its messages; at the second
    ///    one, they go on to the queue of retries, by an invocation that decodes nothing. Two receives.
    /// 2. In the queue of retries, and where there is a single key, an invocation dies of its own image or of none.
    ///    A good one is indexed by the first receive. One that kills dies at the first, and at the second after it
    ///    was [marked](Indexer::index_redelivered); the third finds the mark and records the failure. Three receives.
    ///
    /// So two of the five are left for faults of other services. Without a queue of retries, as on one machine, where
    /// the death of the process ends the queue with it, keys are tried one after the other: each death after the first
    /// one marks an image, so up to three of them end as above.
    async fn redelivered<'a>(
        &self,
        messages: impl Iterator<Item = &'a Message>,
        deadline: Deadline,
    ) -> Result<BatchReport, HandlerError> {
        let mut keys: BTreeMap<&str, u32> = BTreeMap::new();
        for message in messages {
            for change in message.changes.iter().flatten() {
                if self.concerns_catalog(change) {
                    let receives = keys.entry(change.key.as_str()).or_default();
                    *receives = message.receives.max(*receives);
                }
            }
        }
        if let (Some(queue), 2..) = (&self.retries, keys.len()) {
            let keys: Vec<String> = keys.into_keys().map(str::to_owned).collect();
            queue.push(&keys).await.map_err(IndexingError::from)?;
            tracing::warn!(
                keys = keys.len(),
                "pictures are to be tried again one by one"
            );
            return Ok(BatchReport::default());
        }
        let mut all = BatchReport::default();
        for (key, receives) in keys {
            let report = self.indexer.index_redelivered(key, receives, deadline);
            all.outcomes.extend(report.await?.outcomes);
        }
        warn_of_retries(&all);
        Ok(all)
    }

    async fn direct(&self, changes: &[Change], deadline: Deadline) -> Result<Value, HandlerError> {
        let report = self.index(changes, deadline).await?;
        let retried = retries(&report);
        if let Some((key, reason)) = retried.iter().next() {
            return Err(HandlerError::Unfinished {
                count: retried.len(),
                total: report.outcomes.len(),
                key: (*key).to_owned(),
                reason: (*reason).to_owned(),
            });
        }
        self.maintain_if_time_is_left(deadline).await;
        Ok(counts(&report))
    }

    /// Has the rows of each product say what the table says, once, however often it is named.
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
            tracing::warn!(product, reason, "a product is to be tried again");
        }
        let is_retried = |id: &String| retried.contains_key(id.as_str());
        let failed: Vec<Value> = (writes.iter())
            .filter(|write| write.product_id.as_ref().is_some_and(is_retried))
            .map(|write| json!({ "itemIdentifier": write.sequence_number }))
            .collect();
        self.maintain_if_time_is_left(deadline).await;
        Ok(json!({ "batchItemFailures": failed }))
    }

    /// Indexes each key once, however often it is named.
    async fn index(
        &self,
        changes: impl IntoIterator<Item = &Change>,
        deadline: Deadline,
    ) -> Result<BatchReport, HandlerError> {
        let keys: BTreeSet<&str> = (changes.into_iter())
            .filter(|change| self.concerns_catalog(change))
            .map(|change| change.key.as_str())
            .collect();
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
        // Folder markers are below the prefix but no pictures.
        below_catalog && is_catalog_key(&change.key)
    }

    /// The batch is published by now: what fails here is logged, and tried again by a later batch.
    async fn maintain_if_time_is_left(&self, deadline: Deadline) {
        if deadline.remaining() < ENOUGH_FOR_MAINTENANCE {
            return;
        }
        if let Err(error) = self.indexer.maintain(deadline).await {
            tracing::warn!(error = %error, "the index was not looked after this time");
        }
    }
}

/// A message comes back when it cannot be read, so that it ends among the dead letters where a person
/// sees it, and when any of its keys is unfinished.
fn must_return(message: &Message, retried: &HashMap<&str, &str>) -> bool {
    match &message.changes {
        Ok(changes) => (changes.iter()).any(|change| retried.contains_key(change.key.as_str())),
        Err(error) => {
            tracing::error!(message_id = message.id, %error, "cannot read a queued message");
            true
        }
    }
}

fn warn_of_retries(report: &BatchReport) {
    for (key, reason) in retries(report) {
        tracing::warn!(key, reason, "a picture is to be tried again");
    }
}

/// The keys to try again, and why.
fn retries(report: &BatchReport) -> HashMap<&str, &str> {
    (report.outcomes.iter())
        .filter_map(|(key, outcome)| match outcome {
            Outcome::Retry(reason) => Some((key.as_str(), reason.as_str())),
            _ => None,
        })
        .collect()
}

fn counts(report: &BatchReport) -> Value {
    let count = |wanted: fn(&Outcome) -> bool| {
        report
            .outcomes
            .iter()
            .filter(|(_, outcome)| wanted(outcome))
            .count()
    };
    json!({
        "generation": report.generation,
        "indexed": count(|o| matches!(o, Outcome::Indexed)),
        "updated": count(|o| matches!(o, Outcome::Updated)),
        "removed": count(|o| matches!(o, Outcome::Removed)),
        "unchanged": count(|o| matches!(o, Outcome::Unchanged)),
        "failed": count(|o| matches!(o, Outcome::Failed(_))),
        "retry": count(|o| matches!(o, Outcome::Retry(_))),
    })
}
