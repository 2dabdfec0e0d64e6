//! Handles one invocation: reads which keys and products changed, has them indexed, and answers in the form that the
//! sender understands. The indexer function and the local server share it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use lookalike_core::ports::ChangeQueue;
use lookalike_core::{CATALOG_PREFIX, Deadline, is_catalog_key};
use lookalike_events::{Change, Event, EventError, Message, TableWrite};
use serde_json::{Value, json};

use crate::indexer::Indexer;
use crate::report::{BatchReport, IndexingError, Outcome};

/// Time that must be left after a batch to start looking after the index. What does not fit is left to a
/// later batch or the schedule.
const ENOUGH_FOR_MAINTENANCE: Duration = Duration::from_secs(5);

/// Receives of any message of a batch up to which the new ones beside it are tried.
const TRIED_BESIDE: u32 = 2;

/// Turns events into calls of the [`Indexer`].
#[derive(Clone)]
pub struct Handler {
    indexer: Arc<Indexer>,
    catalog_bucket: String,
    retries: Option<Arc<dyn ChangeQueue>>,
}

/// The reason why an invocation failed as a whole. Its sender tries it again.
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
        /// The number of changes that must be tried again.
        count: usize,
        /// How many there were in all.
        total: usize,
        /// One of those.
        key: String,
        /// Why that one could not be finished.
        reason: String,
    },
}

impl Handler {
    /// A handler of the changes in `catalog_bucket`; those in other buckets are ignored.
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
                // Otherwise that is looked for only after a merge, and what the last one replaced would stay.
                self.indexer.collect_garbage().await?;
                Ok(json!({ "maintained": true }))
            }
        }
    }

    async fn queue(
        &self,
        messages: Vec<Message>,
        deadline: Deadline,
    ) -> Result<Value, HandlerError> {
        let receives = self.receives(&messages);
        let is_first = receives.values().all(|&receives| receives <= 1);
        let report = match is_first {
            true => self.index(receives.into_keys(), deadline).await?,
            false => self.redelivered(receives, deadline).await?,
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

    /// Each key of readable messages, and the most receives that any of its messages has.
    fn receives<'a>(&self, messages: &'a [Message]) -> BTreeMap<&'a str, u32> {
        let mut keys: BTreeMap<&str, u32> = BTreeMap::new();
        for message in messages {
            let changes = message.changes.iter().flatten();
            for change in changes.filter(|change| self.concerns_catalog(change)) {
                let receives = keys.entry(change.key.as_str()).or_default();
                *receives = message.receives.max(*receives);
            }
        }
        keys
    }

    /// Handles a batch in which some message came before: the process may have died of one of its images, and may
    /// do so again, which costs every message of the invocation one of the receives that it has.
    ///
    /// So what came before is not tried beside others. Each such key goes on as a message of its own to the queue of
    /// retries, which hands out one message at a time, and its message is done. Only then are those that are new here
    /// indexed, as a batch: messages also come again because the function was throttled or out of time, and all the
    /// others of a large import must not take the slow way for that. A key that is alone is tried.
    ///
    /// A new image may end the process all the same, and what went on comes back for nothing: it goes on once more,
    /// which does no harm but cost. It must not go on forever, so where a message comes the third time, nothing is
    /// decoded, and new keys go on too.
    ///
    /// This is why images that kill the process, however many and in whatever batches, never take a good one with
    /// them, and end up recorded as failed, within five receives of each queue:
    /// 1. In the queue of changes, the invocation of a message's first receive may die of any image. At the second
    ///    one, its keys are in the queue of retries before anything is decoded, or there is a single key, which is
    ///    tried. That invocation may die too; but the third decodes nothing, or there is a single key, of which the
    ///    failure is recorded as in the other queue. Three receives.
    /// 2. In the queue of retries, and where there is a single key, an invocation dies of its own image or of none.
    ///    A good one is indexed by the first receive. One that kills dies at the first, and at the second after it
    ///    was [marked](Indexer::index_redelivered); the third finds the mark and records the failure. Three receives.
    ///    An image that went on twice may be in this queue twice, and the third receive of one message may meet the
    ///    mark that the other one made a short time ago. Then it comes back, and by the next receive the other one
    ///    has recorded the failure, or its mark is old enough. Four receives.
    ///
    /// So two of the five are left for faults of other services, and one if an image went on twice. Without a queue of
    /// retries, as on one machine, where the death of the process ends the queue with it, keys are tried one after the
    /// other: each death after the first one marks an image, so up to three of them end as above.
    async fn redelivered(
        &self,
        receives: BTreeMap<&str, u32>,
        deadline: Deadline,
    ) -> Result<BatchReport, HandlerError> {
        if let (Some(queue), 2..) = (&self.retries, receives.len()) {
            let most = receives.values().copied().max().unwrap_or_default();
            let is_tried = |receives: u32| receives <= 1 && most <= TRIED_BESIDE;
            let (new, back): (Vec<_>, Vec<_>) =
                (receives.into_iter()).partition(|(_, receives)| is_tried(*receives));
            let back: Vec<String> = (back.into_iter()).map(|(key, _)| key.to_owned()).collect();
            queue.push(&back).await.map_err(IndexingError::from)?;
            tracing::warn!(keys = back.len(), "images are to be tried again one by one");
            return self
                .index(new.into_iter().map(|(key, _)| key), deadline)
                .await;
        }
        let mut all = BatchReport::default();
        for (key, receives) in receives {
            let report = self.indexer.index_redelivered(key, receives, deadline);
            all.outcomes.extend(report.await?.outcomes);
        }
        warn_of_retries(&all);
        Ok(all)
    }

    async fn direct(&self, changes: &[Change], deadline: Deadline) -> Result<Value, HandlerError> {
        let ours = changes
            .iter()
            .filter(|change| self.concerns_catalog(change));
        let keys: BTreeSet<&str> = ours.map(|change| change.key.as_str()).collect();
        let report = self.index(keys, deadline).await?;
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
