//! The dead-letter queues: what was given up, to be read and replayed.

use std::time::Duration;

use aws_sdk_sqs::types::MessageSystemAttributeName;
use lookalike_core::StoreError;

use crate::clients::Clients;
use crate::errors;
use crate::resource::Resource;

/// The most messages that one `ReceiveMessage` returns.
const MAX_RECEIVED: i32 = 10;
/// Seconds to wait for a message, so that SQS asks all of its servers before it answers that there is none.
const WAIT_SECONDS: i32 = 1;

/// A dead-letter queue in SQS.
#[derive(Debug, Clone)]
pub struct SqsDeadLetters {
    client: aws_sdk_sqs::Client,
    url: String,
    resource: Resource,
}

/// A message of a dead-letter queue, hidden from other readers for a while.
#[derive(Debug, Clone)]
pub struct ReceivedLetter {
    /// The id of the message.
    pub id: String,
    /// The text of the message.
    pub body: String,
    /// Milliseconds since 1970 when the message was first sent, if SQS says so.
    pub sent: Option<u64>,
    receipt: String,
}

impl SqsDeadLetters {
    /// The queue at `url`.
    pub(crate) fn new(clients: &Clients, url: &str) -> Self {
        let name = url.rsplit('/').next().unwrap_or(url);
        Self {
            client: clients.sqs.clone(),
            url: url.to_owned(),
            resource: Resource {
                kind: "queue",
                name: name.to_owned(),
                variable: "the outputs of the stack",
            },
        }
    }

    /// Returns the name of the queue.
    pub fn name(&self) -> &str {
        &self.resource.name
    }

    /// Receives some of the visible messages and hides them from other readers for so long; none if there are no more.
    ///
    /// # Errors
    /// The queue cannot be read.
    pub async fn receive(&self, hidden: Duration) -> Result<Vec<ReceivedLetter>, StoreError> {
        let reply = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(MAX_RECEIVED)
            .wait_time_seconds(WAIT_SECONDS)
            .visibility_timeout(hidden.as_secs() as i32)
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .send()
            .await
            .map_err(|error| errors::translate(&self.resource, self.operation("read"), error))?;
        let messages = reply.messages.unwrap_or_default().into_iter();
        Ok(messages
            .filter_map(|message| {
                let attributes = message.attributes.as_ref();
                let sent = attributes
                    .and_then(|all| all.get(&MessageSystemAttributeName::SentTimestamp))
                    .and_then(|text| text.parse().ok());
                Some(ReceivedLetter {
                    id: message.message_id.unwrap_or_default(),
                    body: message.body.unwrap_or_default(),
                    sent,
                    // Without a receipt, nothing can be done with the message.
                    receipt: message.receipt_handle?,
                })
            })
            .collect())
    }

    /// Makes a message visible to other readers again, at once.
    ///
    /// # Errors
    /// The queue refuses. The message becomes visible by itself later.
    pub async fn release(&self, letter: &ReceivedLetter) -> Result<(), StoreError> {
        self.client
            .change_message_visibility()
            .queue_url(&self.url)
            .receipt_handle(&letter.receipt)
            .visibility_timeout(0)
            .send()
            .await
            .map_err(|error| {
                errors::translate(
                    &self.resource,
                    self.operation("release a message of"),
                    error,
                )
            })?;
        Ok(())
    }

    /// Deletes a message whose work was done or queued again.
    ///
    /// # Errors
    /// The queue refuses. The message becomes visible again later.
    pub async fn delete(&self, letter: &ReceivedLetter) -> Result<(), StoreError> {
        self.client
            .delete_message()
            .queue_url(&self.url)
            .receipt_handle(&letter.receipt)
            .send()
            .await
            .map_err(|error| {
                errors::translate(&self.resource, self.operation("delete a message of"), error)
            })?;
        Ok(())
    }

    /// `verb queue`, for errors.
    fn operation(&self, verb: &str) -> String {
        format!("{verb} sqs queue {}", self.resource.name)
    }
}
