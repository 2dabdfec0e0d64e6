//! Sending messages, one by one and in batches.

use std::collections::HashSet;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::LocalSqs;
use super::error::SqsError;
use super::limits::{MAX_BATCH_ENTRIES, MAX_DELAY_SECONDS, MAX_MESSAGE_BYTES};
use crate::events::md5;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendMessage {
    queue_url: String,
    #[serde(flatten)]
    message: OneMessage,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendMessageBatch {
    queue_url: String,
    #[serde(default)]
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    id: String,
    #[serde(flatten)]
    message: OneMessage,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OneMessage {
    #[serde(default)]
    message_body: String,
    delay_seconds: Option<i64>,
    #[serde(default)]
    message_attributes: Map<String, Value>,
}

impl LocalSqs {
    pub(super) fn send_message(&self, input: SendMessage) -> Result<Value, SqsError> {
        self.find(&input.queue_url)?;
        self.enqueue(input.message)
    }

    pub(super) fn send_message_batch(&self, input: SendMessageBatch) -> Result<Value, SqsError> {
        self.find(&input.queue_url)?;
        check_batch(&input.entries)?;
        let mut successful = Vec::new();
        let mut failed = Vec::new();
        for Entry { id, message } in input.entries {
            match self.enqueue(message) {
                Ok(mut sent) => {
                    sent["Id"] = id.into();
                    successful.push(sent);
                }
                Err(error) => failed.push(json!({
                    "Id": id,
                    "SenderFault": true,
                    "Code": error.code(),
                    "Message": error.to_string(),
                })),
            }
        }
        Ok(json!({"Successful": successful, "Failed": failed}))
    }

    fn enqueue(&self, message: OneMessage) -> Result<Value, SqsError> {
        let delay = check_message(&message)?;
        let digest = md5(&message.message_body);
        let id = self.queue.send(message.message_body, delay);
        Ok(json!({"MessageId": id, "MD5OfMessageBody": digest}))
    }
}

/// Checks a batch as SQS does before it looks at any message.
fn check_batch(entries: &[Entry]) -> Result<(), SqsError> {
    if entries.is_empty() {
        return Err(SqsError::EmptyBatchRequest);
    }
    if entries.len() > MAX_BATCH_ENTRIES {
        return Err(SqsError::TooManyEntriesInBatchRequest(entries.len()));
    }
    let mut ids = HashSet::new();
    for Entry { id, .. } in entries {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if !(1..=80).contains(&id.len()) || !id.chars().all(plain) {
            return Err(SqsError::InvalidBatchEntryId);
        }
        if !ids.insert(id) {
            return Err(SqsError::BatchEntryIdsNotDistinct(id.clone()));
        }
    }
    let bodies = entries.iter().map(|entry| entry.message.message_body.len());
    let sent = bodies.sum();
    if sent > MAX_MESSAGE_BYTES {
        let max = MAX_MESSAGE_BYTES;
        return Err(SqsError::BatchRequestTooLong { max, sent });
    }
    Ok(())
}

/// Returns the delay of a message, or the reason why SQS would refuse the message.
fn check_message(message: &OneMessage) -> Result<Duration, SqsError> {
    let invalid = |reason: String| Err(SqsError::InvalidParameterValue(reason));
    if message.message_body.is_empty() {
        return Err(SqsError::MissingParameter("MessageBody"));
    }
    if message.message_body.len() > MAX_MESSAGE_BYTES {
        return invalid(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {MAX_MESSAGE_BYTES} bytes."
        ));
    }
    if !message.message_body.chars().all(is_allowed) {
        return Err(SqsError::InvalidMessageContents);
    }
    if !message.message_attributes.is_empty() {
        let reason = "This queue does not carry message attributes: put everything into the body.";
        return Err(SqsError::UnsupportedOperation(reason.to_owned()));
    }
    let seconds = message.delay_seconds.unwrap_or_default();
    match u64::try_from(seconds) {
        Ok(delay) if delay <= MAX_DELAY_SECONDS => Ok(Duration::from_secs(delay)),
        _ => invalid(format!(
            "Value {seconds} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= {MAX_DELAY_SECONDS}."
        )),
    }
}

/// True for the characters of XML 1.0.
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}
