//! Requests about the queue itself.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::LocalSqs;
use super::error::SqsError;
use super::limits::MAX_MESSAGE_BYTES;
use crate::identity::{QUEUE, QUEUE_ARN};

/// The attributes that queues may have. SQS leaves out those that a queue lacks, and so does this
/// server.
const ATTRIBUTES: [&str; 22] = [
    "All",
    "Policy",
    "VisibilityTimeout",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
    "ApproximateNumberOfMessagesDelayed",
    "DelaySeconds",
    "ReceiveMessageWaitTimeSeconds",
    "RedrivePolicy",
    "FifoQueue",
    "ContentBasedDeduplication",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
    "DeduplicationScope",
    "FifoThroughputLimit",
    "RedriveAllowPolicy",
    "SqsManagedSseEnabled",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueUrl {
    queue_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueAttributes {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListQueues {
    #[serde(default)]
    queue_name_prefix: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PurgeQueue {
    queue_url: String,
}

impl LocalSqs {
    pub(super) fn get_queue_url(&self, input: &GetQueueUrl) -> Result<Value, SqsError> {
        if input.queue_name != QUEUE {
            return Err(SqsError::QueueDoesNotExist);
        }
        Ok(json!({"QueueUrl": self.url}))
    }

    pub(super) fn get_queue_attributes(
        &self,
        input: &GetQueueAttributes,
    ) -> Result<Value, SqsError> {
        self.find(&input.queue_url)?;
        let wanted = &input.attribute_names;
        let is_known = |name: &&String| ATTRIBUTES.contains(&name.as_str());
        if let Some(unknown) = wanted.iter().find(|name| !is_known(name)) {
            return Err(SqsError::InvalidAttributeName(unknown.clone()));
        }
        let counts = self.queue.counts();
        let all = [
            ("ApproximateNumberOfMessages", counts.visible.to_string()),
            (
                "ApproximateNumberOfMessagesNotVisible",
                counts.not_visible.to_string(),
            ),
            (
                "ApproximateNumberOfMessagesDelayed",
                counts.delayed.to_string(),
            ),
            ("MaximumMessageSize", MAX_MESSAGE_BYTES.to_string()),
            ("DelaySeconds", "0".to_owned()),
            ("QueueArn", QUEUE_ARN.to_owned()),
        ];
        let is_wanted = |name: &str| wanted.iter().any(|it| it == "All" || it == name);
        let attributes: Map<String, Value> = all
            .into_iter()
            .filter(|(name, _)| is_wanted(name))
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        if attributes.is_empty() {
            return Ok(json!({}));
        }
        Ok(json!({"Attributes": attributes}))
    }

    pub(super) fn list_queues(&self, input: &ListQueues) -> Value {
        if QUEUE.starts_with(&input.queue_name_prefix) {
            json!({"QueueUrls": [self.url]})
        } else {
            json!({})
        }
    }

    /// Drops the messages that wait, but not those that are being handled.
    pub(super) fn purge_queue(&self, input: &PurgeQueue) -> Result<Value, SqsError> {
        self.find(&input.queue_url)?;
        self.queue.purge();
        Ok(json!({}))
    }
}
