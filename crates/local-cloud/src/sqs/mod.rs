//! SQS's JSON protocol for the only queue.

mod error;
mod limits;
mod protocol;
mod queue_attributes;
mod send;

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use serde_json::Value;

use self::error::SqsError;
use crate::events::Queue;
use crate::identity::{ACCOUNT, QUEUE};
use crate::listener::HttpSocket;
use crate::request_body::RequestBody;
use crate::server::HttpServer;

/// Answers SQS requests.
#[derive(Clone)]
pub(crate) struct LocalSqs {
    queue: Arc<Queue>,
    /// The queue's URL.
    url: String,
}

impl LocalSqs {
    /// Answers about `queue`, which clients know by `url`.
    pub(crate) fn new(queue: Arc<Queue>, url: String) -> Self {
        Self { queue, url }
    }

    /// Serves a port of its own.
    pub(crate) fn serve(self, socket: HttpSocket) -> HttpServer {
        HttpServer::start("SQS", socket, move |request| {
            let sqs = self.clone();
            async move { sqs.answer(request).await }
        })
    }

    /// The answer to one request.
    pub(crate) async fn answer(&self, request: Request<RequestBody>) -> Response<Full<Bytes>> {
        let answered = match protocol::read(request).await {
            Ok((action, input)) => self.act(&action, input),
            Err(error) => Err(error),
        };
        protocol::response(answered)
    }

    fn act(&self, action: &str, input: Value) -> Result<Value, SqsError> {
        match action {
            "SendMessage" => self.send_message(protocol::parse(input)?),
            "SendMessageBatch" => self.send_message_batch(protocol::parse(input)?),
            "GetQueueUrl" => self.get_queue_url(&protocol::parse(input)?),
            "GetQueueAttributes" => self.get_queue_attributes(&protocol::parse(input)?),
            "ListQueues" => Ok(self.list_queues(&protocol::parse(input)?)),
            "PurgeQueue" => self.purge_queue(&protocol::parse(input)?),
            other => Err(SqsError::UnsupportedOperation(format!(
                "This queue passes its messages to the indexer itself: it has no {other}."
            ))),
        }
    }

    /// Fails unless the URL is that of the queue; its host does not matter, as in SQS.
    fn find(&self, queue_url: &str) -> Result<(), SqsError> {
        let mut parts = queue_url.rsplitn(3, '/');
        match (parts.next(), parts.next()) {
            (Some(QUEUE), Some(ACCOUNT)) => Ok(()),
            _ => Err(SqsError::QueueDoesNotExist),
        }
    }
}
