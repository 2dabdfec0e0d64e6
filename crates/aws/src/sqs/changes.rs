//! The queue between the catalog bucket and the indexer, in SQS.

use std::fmt::Display;
use std::time::SystemTime;

use async_trait::async_trait;
use aws_sdk_sqs::types::{BatchResultErrorEntry, QueueAttributeName, SendMessageBatchRequestEntry};
use aws_smithy_types::date_time::{DateTime, Format};
use futures::future::try_join_all;
use lookalike_core::ports::ChangeQueue;
use lookalike_core::{StoreError, StoreErrorKind};
use lookalike_events::{
    CREATED, ObjectChange, backfill_request, maintenance_request, notification,
};

use crate::backoff::Backoff;
use crate::clients::Clients;
use crate::errors;
use crate::resource::Resource;
use crate::settings;
use crate::sqs::batches::batches;

/// Number of keys in one message. A whole message is delivered again if one of its keys has to be
/// retried; and fifty messages, which one invocation of the indexer takes, must stay well within
/// its time.
const KEYS_PER_MESSAGE: usize = 5;
/// Number of keys in one request for a backfill, which one invocation takes alone.
pub const BACKFILLED_KEYS: usize = 100;
/// Maximum length of an S3 key, in bytes.
const MAX_KEY_BYTES: usize = 1024;
/// Maximum number of batches that are sent at the same time.
const MAX_CONCURRENT_BATCHES: usize = 4;
/// The principal in notifications, as the cause of a change.
const PRINCIPAL: &str = "lookalike";

/// The counts whose sum is the number of messages that wait or are being handled.
const OPEN_MESSAGE_COUNTS: [QueueAttributeName; 3] = [
    QueueAttributeName::ApproximateNumberOfMessages,
    QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
    QueueAttributeName::ApproximateNumberOfMessagesDelayed,
];

/// What a queue is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QueueKind {
    /// Changes of the catalog.
    Changes,
    /// Changes that the indexer handles one by one.
    Retries,
    /// Images that are indexed straight into a vector base.
    Backfill,
}

impl QueueKind {
    fn variable(self) -> &'static str {
        match self {
            Self::Changes => settings::QUEUE_URL,
            Self::Retries => settings::RETRY_QUEUE_URL,
            Self::Backfill => settings::BACKFILL_QUEUE_URL,
        }
    }

    fn keys_per_message(self) -> usize {
        match self {
            Self::Changes => KEYS_PER_MESSAGE,
            Self::Retries => 1,
            Self::Backfill => BACKFILLED_KEYS,
        }
    }
}

/// Changes of the catalog in an SQS queue. A pushed change looks like the notification that S3 itself sends, but for
/// those of a backfill.
#[derive(Debug, Clone)]
pub struct SqsChanges {
    client: aws_sdk_sqs::Client,
    url: String,
    resource: Resource,
    catalog_bucket: String,
    kind: QueueKind,
}

impl SqsChanges {
    /// Refers to the queue at `url`, which takes changes of `catalog_bucket`.
    pub(crate) fn new(clients: &Clients, url: &str, kind: QueueKind, catalog_bucket: &str) -> Self {
        let name = url.rsplit('/').next().unwrap_or(url);
        Self {
            client: clients.sqs.clone(),
            url: url.to_owned(),
            resource: Resource {
                kind: "queue",
                name: name.to_owned(),
                variable: kind.variable(),
            },
            catalog_bucket: catalog_bucket.to_owned(),
            kind,
        }
    }

    /// Returns `verb queue`, for errors.
    fn operation(&self, verb: &str) -> String {
        format!("{verb} sqs queue {}", self.resource.name)
    }

    fn invalid(&self, verb: &str, reason: impl Display) -> StoreError {
        StoreError::new(
            StoreErrorKind::Invalid,
            self.operation(verb),
            reason.to_string(),
        )
    }

    /// Returns the bodies of the messages about these keys.
    fn bodies(&self, keys: &[String]) -> Result<Vec<String>, StoreError> {
        if let Some(long) = keys.iter().find(|key| key.len() > MAX_KEY_BYTES) {
            let reason = format!(
                "{long:?} is not a key: a key has at most {MAX_KEY_BYTES} bytes, not {}",
                long.len()
            );
            return Err(self.invalid("send to", reason));
        }
        let parts = keys.chunks(self.kind.keys_per_message());
        if self.kind == QueueKind::Backfill {
            let body = |keys: &[String]| backfill_request(&self.catalog_bucket, keys).to_string();
            return Ok(parts.map(body).collect());
        }
        let time = DateTime::from(SystemTime::now());
        // Every time of this clock can be written in this format.
        let time = time.fmt(Format::DateTime).unwrap_or_default();
        let request = format!("{:016X}", rand::random::<u64>());
        let region = self.client.config().region().map(AsRef::as_ref);
        let template = ObjectChange {
            event: CREATED,
            time: &time,
            region: region.unwrap_or_default(),
            principal: PRINCIPAL,
            request: &request,
            bucket: &self.catalog_bucket,
            key: "",
            sequencer: None,
            version: None,
        };
        let body = |keys: &[String]| {
            let changes = keys.iter().map(|key| ObjectChange { key, ..template });
            notification(changes).to_string()
        };
        Ok(parts.map(body).collect())
    }

    /// Sends one batch, and retries the messages that the queue did not take.
    async fn send(&self, bodies: &[String]) -> Result<(), StoreError> {
        let operation = || self.operation("send to");
        let mut open: Vec<usize> = (0..bodies.len()).collect();
        let mut backoff = Backoff::new("SQS keeps failing to take messages: try again later");
        loop {
            let entries = open.iter().map(|&position| {
                SendMessageBatchRequestEntry::builder()
                    .id(position.to_string())
                    .message_body(&bodies[position])
                    .build()
            });
            let entries: Result<Vec<_>, _> = entries.collect();
            let entries = entries.map_err(|error| self.invalid("send to", error))?;
            let send = self.client.send_message_batch().queue_url(&self.url);
            let reply = send
                .set_entries(Some(entries))
                .send()
                .await
                .map_err(|error| errors::translate(&self.resource, operation(), error))?;
            if let Some(refused) = reply.failed().iter().find(|entry| entry.sender_fault()) {
                return Err(self.refused(refused));
            }
            let before = open.len();
            // An entry that the reply does not mention was not taken either, so successes are
            // counted, not failures.
            let taken = |position: &usize| {
                let id = position.to_string();
                reply.successful().iter().any(|entry| entry.id() == id)
            };
            open.retain(|position| !taken(position));
            if open.is_empty() {
                return Ok(());
            }
            backoff.wait(open.len() < before, operation).await?;
        }
    }

    fn refused(&self, entry: &BatchResultErrorEntry) -> StoreError {
        let operation = self.operation("send to");
        errors::translate_entry(&self.resource, operation, entry.code(), entry.message())
    }
}

#[async_trait]
impl ChangeQueue for SqsChanges {
    async fn push(&self, keys: &[String]) -> Result<(), StoreError> {
        let bodies = self.bodies(keys)?;
        let batches = batches(&bodies);
        for group in batches.chunks(MAX_CONCURRENT_BATCHES) {
            try_join_all(group.iter().map(|batch| self.send(batch))).await?;
        }
        Ok(())
    }

    async fn request_maintenance(&self) -> Result<(), StoreError> {
        let operation = self.operation("send to");
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(maintenance_request().to_string())
            .send()
            .await
            .map_err(|error| errors::translate(&self.resource, operation, error))?;
        Ok(())
    }

    async fn waiting(&self) -> Result<u64, StoreError> {
        let operation = || self.operation("count the waiting messages in");
        let get = self.client.get_queue_attributes().queue_url(&self.url);
        let reply = get
            .set_attribute_names(Some(OPEN_MESSAGE_COUNTS.to_vec()))
            .send()
            .await
            .map_err(|error| errors::translate(&self.resource, operation(), error))?;
        let attributes = reply.attributes.unwrap_or_default();
        let mut waiting = 0;
        for name in OPEN_MESSAGE_COUNTS {
            let text = attributes
                .get(&name)
                .map(String::as_str)
                .unwrap_or_default();
            let count: u64 = text.parse().map_err(|_| {
                let reason = format!("expected a number as {name}, found {text:?}");
                self.invalid("count the waiting messages in", reason)
            })?;
            waiting += count;
        }
        Ok(waiting)
    }
}
