use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::SqsError;
use super::{LocalSqs, MOST_BYTES, QUEUE};
use crate::events::QUEUE_ARN;

/// The attributes that queues may have. Those that this one has not are left out, as SQS does.
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
        match input.queue_name == QUEUE {
            true => Ok(json!({"QueueUrl": self.url})),
            false => Err(SqsError::QueueDoesNotExist),
        }
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
            ("MaximumMessageSize", MOST_BYTES.to_string()),
            ("DelaySeconds", "0".to_owned()),
            ("QueueArn", QUEUE_ARN.to_owned()),
        ];
        let is_wanted = |name: &str| wanted.iter().any(|it| it == "All" || it == name);
        let attributes: Map<String, Value> = all
            .into_iter()
            .filter(|(name, _)| is_wanted(name))
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        Ok(match attributes.is_empty() {
            true => json!({}),
            false => json!({"Attributes": attributes}),
        })
    }

    pub(super) fn list_queues(&self, input: &ListQueues) -> Value {
        match QUEUE.starts_with(&input.queue_name_prefix) {
            true => json!({"QueueUrls": [self.url]}),
            false => json!({}),
        }
    }

    /// Drops what waits; what is being handled is handled.
    pub(super) fn purge_queue(&self, input: &PurgeQueue) -> Result<Value, SqsError> {
        self.find(&input.queue_url)?;
        self.queue.purge();
        Ok(json!({}))
    }
}
