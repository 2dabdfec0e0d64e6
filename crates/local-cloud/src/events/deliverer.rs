//! Delivering batches of the queue to the handler.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::handler::EventHandler;
use super::message::Message;
use super::queue::Queue;
use super::record::sqs_event;

pub(super) type Handler = Option<Arc<dyn EventHandler>>;

/// The tasks that take batches from the queue and pass them to the handler.
pub(crate) struct Deliverer {
    handler: watch::Sender<Handler>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Deliverer {
    /// Starts `concurrency` tasks, which wait until there is a handler.
    pub(crate) fn start(queue: &Arc<Queue>, concurrency: usize) -> Self {
        let handler = watch::Sender::new(None);
        let stop = watch::Sender::new(false);
        let mut tasks = JoinSet::new();
        for _ in 0..concurrency.max(1) {
            tasks.spawn(work(queue.clone(), handler.subscribe(), stop.subscribe()));
        }
        Self {
            handler,
            stop,
            tasks,
        }
    }

    /// Returns the handler, as soon as there is one.
    pub(crate) fn handlers(&self) -> watch::Receiver<Handler> {
        self.handler.subscribe()
    }

    /// Sets the handler for the next batch and later ones.
    pub(crate) fn set_handler(&self, handler: Arc<dyn EventHandler>) {
        self.handler.send_replace(Some(handler));
    }

    /// Lets running batches end, but not longer than `grace`; takes no further ones.
    pub(crate) async fn stop(mut self, grace: Duration) {
        self.stop.send_replace(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(grace, all).await.is_err() {
            tracing::warn!("stopped while events were being handled");
        }
        self.tasks.shutdown().await;
    }
}

async fn work(
    queue: Arc<Queue>,
    mut handlers: watch::Receiver<Handler>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let next = async {
            // Fails only if the deliverer was dropped, and then this task is aborted.
            let handler = handlers.wait_for(Option::is_some).await.ok()?.clone()?;
            Some((handler, queue.receive().await))
        };
        let next = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            next = next => next,
        };
        let Some((handler, batch)) = next else { return };
        let failures = deliver(handler, &batch).await;
        queue.settle(batch, |message| failures.reason(&message.id));
    }
}

/// The messages or records of a batch that failed, with reasons.
pub(super) enum Failures {
    All(String),
    Some(HashSet<String>),
}

impl Failures {
    /// Returns the reason why the message or record `id` failed, if it did.
    pub(super) fn reason(&self, id: &str) -> Option<String> {
        match self {
            Self::All(reason) => Some(reason.clone()),
            Self::Some(ids) if ids.contains(id) => {
                Some("the handler reported it as failed".to_owned())
            }
            Self::Some(_) => None,
        }
    }
}

async fn deliver(handler: Arc<dyn EventHandler>, batch: &[Message]) -> Failures {
    match invoke(handler, sqs_event(batch)).await {
        Ok(reply) => read_reply(&reply, |id| batch.iter().any(|message| message.id == id)),
        Err(reason) => Failures::All(reason),
    }
}

/// Returns the handler's reply, or the reason why there is none.
pub(super) async fn invoke(handler: Arc<dyn EventHandler>, event: Value) -> Result<Value, String> {
    // In a set, which ends the handler together with this task, and in a separate task, which
    // contains panics.
    let mut calls = JoinSet::new();
    calls.spawn(async move { handler.handle(event).await });
    match calls.join_next().await {
        Some(Ok(reply)) => reply,
        Some(Err(error)) => Err(format!("the handler panicked: {error}")),
        None => Err("the handler did not run".to_owned()),
    }
}

/// Reads a reply as Lambda does: a reply without failures is a success, and one that names a
/// message that was not delivered fails the whole batch.
pub(super) fn read_reply(reply: &Value, was_delivered: impl Fn(&str) -> bool) -> Failures {
    let items = match reply.get("batchItemFailures") {
        None | Some(Value::Null) => return Failures::Some(HashSet::new()),
        Some(Value::Array(items)) => items,
        Some(_) => {
            return Failures::All("the reply's `batchItemFailures` is not an array".to_owned());
        }
    };
    let mut failed = HashSet::new();
    for item in items {
        let id = item
            .get("itemIdentifier")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !was_delivered(id) {
            return Failures::All(format!(
                "the reply names a message that was not delivered: `{id}`"
            ));
        }
        failed.insert(id.to_owned());
    }
    Failures::Some(failed)
}
