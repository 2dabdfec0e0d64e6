//! An HTTP server on the loopback interface that records requests and returns prepared answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use futures::{StreamExt, stream};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A request as it was received.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Bytes,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A prepared answer.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
    delay: Duration,
    end: End,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Whole,
    BrokenOff,
    Stalled,
}

impl Reply {
    pub(super) fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            delay: Duration::ZERO,
            end: End::Whole,
        }
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Makes the body end before its stated length.
    pub(super) fn broken_off(mut self) -> Self {
        self.end = End::BrokenOff;
        self
    }

    /// Makes the body never end.
    pub(super) fn stalled(mut self) -> Self {
        self.end = End::Stalled;
        self
    }

    /// Makes an error in the form of S3.
    pub(super) fn s3_error(status: u16, code: &str) -> Self {
        let body = format!("<Error><Code>{code}</Code><Message>The message.</Message></Error>");
        Self::new(status, body).header("x-amz-request-id", "REQUEST1")
    }

    /// Makes an error in the form of DynamoDB.
    pub(super) fn dynamodb_error(status: u16, code: &str) -> Self {
        let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
        Self::json(serde_json::json!({"__type": kind, "message": "The message."})).status(status)
    }

    /// Makes an error in the form of SQS.
    pub(super) fn sqs_error(status: u16, code: &str) -> Self {
        let kind = format!("com.amazonaws.sqs#{code}");
        Self::json(serde_json::json!({"__type": kind, "message": "The message."})).status(status)
    }

    pub(super) fn json(body: serde_json::Value) -> Self {
        Self::new(200, body.to_string()).header("content-type", "application/x-amz-json-1.0")
    }

    fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    async fn into_response(self) -> Response {
        tokio::time::sleep(self.delay).await;
        let mut response = Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(name, value);
        }
        let sent = stream::iter([Ok::<_, std::io::Error>(self.body.clone())]);
        let body = match self.end {
            End::Whole => Body::from(self.body.clone()),
            End::BrokenOff => {
                // Only after the headers were sent.
                let fault = async {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    Err(std::io::Error::other("gone"))
                };
                Body::from_stream(sent.chain(stream::once(fault)))
            }
            End::Stalled => Body::from_stream(sent.chain(stream::pending())),
        };
        if self.end != End::Whole {
            response = response.header("content-length", self.body.len() + 10);
        }
        response.body(body).unwrap()
    }
}

/// Returns the answer for a request and the number of requests before it.
type Answer = dyn Fn(&Seen, usize) -> Reply + Send + Sync;

pub(super) struct Server {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts a server that gives these replies in turn, and the last one forever.
    pub(super) async fn replying(replies: impl Into<Vec<Reply>>) -> Self {
        let replies = replies.into();
        Self::answering(move |_, before| replies[before.min(replies.len() - 1)].clone()).await
    }

    pub(super) async fn answering(
        answer: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let answer: Arc<Answer> = Arc::new(answer);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let handler = move |request: Request| {
            let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
            async move {
                let request = record(request).await;
                let reply = {
                    let mut log = log.lock().unwrap();
                    log.push(request.clone());
                    answer(&request, log.len() - 1)
                };
                reply.into_response().await
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(handler);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, seen, task }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(super) fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn record(request: Request) -> Seen {
    let (parts, body) = request.into_parts();
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        })
        .collect();
    Seen {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers,
        body: axum::body::to_bytes(body, usize::MAX).await.unwrap(),
    }
}
