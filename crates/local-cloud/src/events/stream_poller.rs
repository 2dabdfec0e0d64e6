//! Delivery of writes to a table to the handler: records of the table's stream, batched and retried
//! like a Lambda event source mapping does.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::dead_letter::DeadLetter;
use super::deliverer::{Failures, Handler, invoke, read_reply};
use super::handler::EventHandler;
use super::queue::Queue;
use crate::dynamodb::{StreamReader, StreamRecord};
use crate::options::WatchedTable;

/// Time between two reads of a stream without records. Lambda reads four times a second.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Pause after a stream could not be read, for example because its table was removed.
const RETRY_PAUSE: Duration = Duration::from_secs(2);

/// The task that reads a stream and passes its records to the handler.
pub(crate) struct StreamPoller {
    /// The number of calls of [`idle`](Self::idle).
    asked: watch::Sender<u64>,
    /// The last of these calls after which nothing was left to read.
    answered: watch::Receiver<u64>,
    stop: watch::Sender<bool>,
    task: JoinSet<()>,
}

struct PollTask {
    reader: StreamReader,
    watched: WatchedTable,
    queue: Arc<Queue>,
    handlers: watch::Receiver<Handler>,
    asked: watch::Receiver<u64>,
    answered: watch::Sender<u64>,
}

impl StreamPoller {
    /// Polls the stream of `reader`. `queue` determines how often failed records are retried, and
    /// keeps those that are given up.
    pub(crate) fn start(
        reader: StreamReader,
        watched: WatchedTable,
        queue: Arc<Queue>,
        handlers: watch::Receiver<Handler>,
    ) -> Self {
        let asked = watch::Sender::new(0);
        let (answered, answers) = watch::channel(0);
        let stop = watch::Sender::new(false);
        let poll = PollTask {
            reader,
            watched,
            queue,
            handlers,
            asked: asked.subscribe(),
            answered,
        };
        let mut task = JoinSet::new();
        task.spawn(poll.run(stop.subscribe()));
        Self {
            asked,
            answered: answers,
            stop,
            task,
        }
    }

    /// Waits until everything that was written before was handled or given up.
    pub(crate) async fn idle(&self) {
        let mut question = 0;
        self.asked.send_modify(|asked| {
            *asked += 1;
            question = *asked;
        });
        // The sender is dropped only if the task has ended, and then nothing is left to wait for.
        let mut answered = self.answered.clone();
        let _ = answered.wait_for(|answered| *answered >= question).await;
    }

    /// Lets a running batch end, but not longer than `grace`; takes no further one.
    pub(crate) async fn stop(mut self, grace: Duration) {
        self.stop.send_replace(true);
        let end = async { while self.task.join_next().await.is_some() {} };
        if tokio::time::timeout(grace, end).await.is_err() {
            tracing::warn!("stopped while writes to the table were being handled");
        }
        self.task.shutdown().await;
    }
}

impl PollTask {
    async fn run(mut self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let asked = *self.asked.borrow_and_update();
            let Some(records) = self.read().await else {
                tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => return,
                    () = tokio::time::sleep(RETRY_PAUSE) => continue,
                }
            };
            let is_end = records.is_empty();
            let records = self.wanted(records);
            if !records.is_empty() {
                let handler = async {
                    let handler = self.handlers.wait_for(Option::is_some).await;
                    handler.ok()?.clone()
                };
                let handler = tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => return,
                    handler = handler => handler,
                };
                // `None` if the cloud was dropped, and then this task is aborted.
                let Some(handler) = handler else { return };
                self.deliver(handler, records, &mut stop).await;
            }
            if is_end {
                self.answered.send_replace(asked);
                tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => return,
                    _ = self.asked.changed() => {}
                    () = tokio::time::sleep(POLL_INTERVAL) => {}
                }
            }
        }
    }

    /// Returns the records written since the last call, or `None` if they cannot be read.
    async fn read(&mut self) -> Option<Vec<StreamRecord>> {
        let (mut reader, batch) = (self.reader.clone(), self.watched.batch.max(1));
        let read = tokio::task::spawn_blocking(move || {
            let records = reader.read(batch);
            records.map(|records| (reader, records))
        });
        let failed = match read.await {
            Ok(Ok((reader, records))) => {
                self.reader = reader;
                return Some(records);
            }
            Ok(Err(error)) => error,
            Err(error) => error.to_string(),
        };
        tracing::warn!(error = failed, "cannot read the stream of the table");
        None
    }

    fn wanted(&self, mut records: Vec<StreamRecord>) -> Vec<StreamRecord> {
        if let Some((name, text)) = &self.watched.only {
            records.retain(|record| record.key(name) == Some(text));
        }
        records
    }

    /// Passes records to the handler until none fails, or the failed ones are given up.
    async fn deliver(
        &self,
        handler: Arc<dyn EventHandler>,
        mut records: Vec<StreamRecord>,
        stop: &mut watch::Receiver<bool>,
    ) {
        let mut receives = 0;
        while !records.is_empty() {
            receives += 1;
            let events: Vec<_> = records.iter().map(|record| &record.event).collect();
            let event = json!({ "Records": events });
            let failures = match invoke(handler.clone(), event).await {
                Ok(reply) => read_reply(&reply, |id| {
                    records.iter().any(|record| record.sequence_number == id)
                }),
                Err(reason) => Failures::All(reason),
            };
            let mut failed = Vec::new();
            for record in records {
                if let Some(reason) = failures.reason(&record.sequence_number) {
                    failed.push((record, reason));
                }
            }
            let Some((_, reason)) = failed.first() else {
                return;
            };
            if receives >= self.queue.max_receives() {
                return failed.into_iter().for_each(|(record, reason)| {
                    self.queue.add_dead_letter(DeadLetter {
                        message_id: record.sequence_number,
                        body: record.event.to_string(),
                        receives,
                        reason,
                    });
                });
            }
            tracing::warn!(receives, reason, "writes to the table failed");
            let pause = self.queue.pause(receives);
            records = failed.into_iter().map(|(record, _)| record).collect();
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}
