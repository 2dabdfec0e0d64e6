//! Messages of a queue, which may have come before.

use std::collections::{BTreeMap, HashMap, HashSet};

use lookalike_core::Deadline;
use lookalike_events::{Message, Work};
use serde_json::{Value, json};

use super::Handler;
use super::answers::{expect_all_done, retries, warn_of_retries};
use super::error::HandlerError;
use crate::error::IndexingError;
use crate::report::BatchReport;

/// Receives of any message of a batch up to which the new ones beside it are tried.
const TRIED_BESIDE: u32 = 2;
/// Receives of a request for a backfill up to which it is tried.
const BACKFILLED: u32 = 2;

impl Handler {
    pub(super) async fn queue(
        &self,
        messages: Vec<Message>,
        deadline: Deadline,
    ) -> Result<Value, HandlerError> {
        let receives = self.receives(&messages);
        let is_first = receives.values().all(|&receives| receives <= 1);
        let report = match is_first {
            // No encoder is loaded for a request for maintenance.
            _ if receives.is_empty() => BatchReport::default(),
            true => self.index(receives.into_keys(), deadline).await?,
            false => self.redelivered(receives, deadline).await?,
        };
        let is_backfill =
            (messages.iter()).any(|message| matches!(message.work, Ok(Work::Backfill(_))));
        let backfill = self.backfill(&messages, deadline).await;
        // The retry queue hands out a request alone, so nothing else waits for it.
        let is_requested = (messages.iter()).any(|message| message.work == Ok(Work::Maintenance));
        let is_maintained = is_requested && self.maintain_as_requested(deadline).await;
        let retried = retries(&report);
        let failed: Vec<Value> = messages
            .iter()
            .filter(|message| must_return(message, &retried, &backfill, is_maintained))
            .map(|message| json!({ "itemIdentifier": message.id }))
            .collect();
        // Redelivered messages must be answered as soon as possible.
        if is_first && !is_requested && !is_backfill {
            self.maintain_after_batch(deadline).await;
        }
        Ok(json!({ "batchItemFailures": failed }))
    }

    /// Maintains the index. Returns false if that failed, and the request must be delivered again. If the same would
    /// fail again, it is not: later batches and the schedule ask again, and each request would become a dead letter.
    async fn maintain_as_requested(&self, deadline: Deadline) -> bool {
        match self.indexer.maintain(deadline).await {
            Ok(_) => true,
            Err(error) => {
                tracing::warn!(%error, "maintenance failed this time");
                !error.may_pass()
            }
        }
    }

    /// Fills the vector base as messages ask for, one after the other. Returns the ids of those that must be delivered
    /// again.
    ///
    /// Images of a request that comes the third time are left to the indexer, which finds out the one that ends the
    /// process.
    async fn backfill<'a>(&self, messages: &'a [Message], deadline: Deadline) -> HashSet<&'a str> {
        let mut unfinished = HashSet::new();
        for message in messages {
            let Ok(Work::Backfill(changes)) = &message.work else {
                continue;
            };
            let ours = changes
                .iter()
                .filter(|change| self.concerns_catalog(change));
            let keys: Vec<String> = ours.map(|change| change.key.clone()).collect();
            let is_done = match message.receives > BACKFILLED {
                true => self.leave(&keys, deadline).await.map(|()| true),
                false => self.backfill_keys(&keys, deadline).await,
            };
            let is_done = is_done.unwrap_or_else(|error| {
                tracing::warn!(%error, keys = keys.len(), "a backfill must be tried again");
                false
            });
            if !is_done {
                unfinished.insert(message.id.as_str());
            }
        }
        unfinished
    }

    /// Returns false if some of the keys must be named again.
    async fn backfill_keys(
        &self,
        keys: &[String],
        deadline: Deadline,
    ) -> Result<bool, HandlerError> {
        let report = self.indexer.backfill(keys, deadline).await?;
        for (key, reason) in &report.retry {
            tracing::warn!(key, reason, "an image must be tried again");
        }
        self.leave(&report.left, deadline).await?;
        Ok(report.retry.is_empty())
    }

    /// Leaves keys to the indexer.
    async fn leave(&self, keys: &[String], deadline: Deadline) -> Result<(), HandlerError> {
        match &self.changes {
            _ if keys.is_empty() => {}
            Some(queue) => queue.push(keys).await.map_err(IndexingError::from)?,
            None => {
                let report = self
                    .index(keys.iter().map(String::as_str), deadline)
                    .await?;
                expect_all_done(&report)?;
            }
        }
        Ok(())
    }

    /// Returns each key of readable messages, and the most receives that any of its messages has.
    fn receives<'a>(&self, messages: &'a [Message]) -> BTreeMap<&'a str, u32> {
        let mut keys: BTreeMap<&str, u32> = BTreeMap::new();
        for message in messages {
            let changes = message.changes().iter();
            for change in changes.filter(|change| self.concerns_catalog(change)) {
                let receives = keys.entry(change.key.as_str()).or_default();
                *receives = message.receives.max(*receives);
            }
        }
        keys
    }

    /// Handles a batch with a redelivered message: the process may have died of one of its images, and may
    /// do so again, which costs every message of the invocation one of the receives that it has.
    ///
    /// So redelivered keys are not tried beside others. Each goes on as a message of its own to the retry
    /// queue, which hands out one message at a time, and its message is done. Only then are the new keys
    /// indexed, as a batch: messages also come again because the function was throttled or out of time, and all the
    /// others of a large import must not take the slow way for that. A key that is alone is tried.
    ///
    /// A new image may still end the process, and keys that went on come back although they are in the retry queue:
    /// they go on once more, which does no harm but cost. They must not go on forever, so when a message comes the
    /// third time, nothing is decoded, and new keys go on too.
    ///
    /// So images that kill the process, however many and in whatever batches, never take a good one with
    /// them, and are recorded as failed within five receives of each queue:
    /// 1. In the queue of changes, the invocation of a message's first receive may die of any image. At the second
    ///    one, its keys are in the retry queue before anything is decoded, or there is a single key, which is
    ///    tried. That invocation may die too; but the third decodes nothing, or there is a single key, of which the
    ///    failure is recorded as in the other queue. Three receives.
    /// 2. In the retry queue, and where there is a single key, an invocation dies of its own image or of none.
    ///    A good one is indexed by the first receive. One that kills dies at the first, and at the second after it
    ///    was [marked](Indexer::index_redelivered); the third finds the mark and records the failure. Three receives.
    ///    An image that went on twice may be in this queue twice, and the third receive of one message may meet the
    ///    mark that the other one made a short time ago. Then it comes back, and by the next receive the other one
    ///    has recorded the failure, or its mark is old enough. Four receives.
    ///
    /// So two of the five are left for faults of other services, and one if an image went on twice. Without a retry
    /// queue, as on one machine, where the death of the process ends the queue with it, keys are tried one after the
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
            tracing::warn!(keys = back.len(), "images will be tried again one by one");
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
}

/// True if a message must be delivered again: if any of its keys or the maintenance is unfinished, and also if it cannot
/// be read, so that it ends in the dead-letter queue, where a person sees it.
fn must_return(
    message: &Message,
    retried: &HashMap<&str, &str>,
    backfill: &HashSet<&str>,
    is_maintained: bool,
) -> bool {
    match &message.work {
        Ok(Work::Changes(changes)) => {
            (changes.iter()).any(|change| retried.contains_key(change.key.as_str()))
        }
        Ok(Work::Backfill(_)) => backfill.contains(message.id.as_str()),
        Ok(Work::Maintenance) => !is_maintained,
        Err(error) => {
            tracing::error!(message_id = message.id, %error, "cannot read a queued message");
            true
        }
    }
}
