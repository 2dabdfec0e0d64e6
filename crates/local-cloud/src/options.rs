//! The options of a local cloud.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

/// The data, address, ports, buckets, tables and events of a [`crate::LocalCloud`].
#[derive(Clone, Debug)]
pub struct Options {
    /// Folder that holds everything; created if missing.
    pub data: PathBuf,
    /// Address that all endpoints listen on. On any other than a loopback address, everyone who reaches the machine and
    /// knows the keys, which are in the source, can read and write everything.
    pub address: IpAddr,
    /// Port of the S3 endpoint; 0 for a free one.
    pub s3_port: u16,
    /// Port of the DynamoDB endpoint; 0 for a free one.
    pub dynamodb_port: u16,
    /// Port of the SQS endpoint; 0 for a free one.
    pub sqs_port: u16,
    /// Port of the endpoint of all services; 0 for a free one.
    pub aws_port: u16,
    /// Buckets that are created if missing.
    pub buckets: Vec<String>,
    /// Tables that are created if missing, each as the JSON of a `CreateTable` request.
    pub tables: Vec<serde_json::Value>,
    /// Objects whose changes cause events; none if `None`.
    pub notify: Option<Notify>,
    /// Table whose writes cause events; none if `None`. The table must have a stream.
    pub watch: Option<WatchedTable>,
    /// Batching and retries of events.
    pub queue: QueueOptions,
    /// Maximum time between two pieces of a request, and for which a connection waits for the next one. Clients keep a
    /// connection that is not used for a minute or so.
    pub max_silence: Duration,
}

impl Options {
    /// Makes options with free ports of 127.0.0.1, no buckets, no tables, no events, and the default queue.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            address: Ipv4Addr::LOCALHOST.into(),
            s3_port: 0,
            dynamodb_port: 0,
            sqs_port: 0,
            aws_port: 0,
            buckets: Vec::new(),
            tables: Vec::new(),
            notify: None,
            watch: None,
            queue: QueueOptions::default(),
            max_silence: Duration::from_secs(100),
        }
    }
}

/// The objects whose creation and removal causes an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notify {
    /// Bucket name.
    pub bucket: String,
    /// Prefix of the watched keys; empty for all.
    pub prefix: String,
}

/// The table whose stream is passed to the handler, whatever client writes to it. Failed records
/// are retried and given up like events of the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedTable {
    /// Its name.
    pub table: String,
    /// Restricts events to items whose key has this text attribute with this value; all items if
    /// `None`.
    pub only: Option<(String, String)>,
    /// Maximum number of records in one batch; at least 1.
    pub batch: usize,
}

/// Waiting, batching, retries and giving up of events, in the terms of SQS and Lambda.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueOptions {
    /// Batching window: maximum time for which the first event of a batch waits for others.
    pub window: Duration,
    /// Maximum number of events in one batch; at least 1.
    pub batch: usize,
    /// Number of batches handled at the same time; at least 1.
    pub concurrency: usize,
    /// Number of failures after which an event becomes a dead letter; at least 1.
    pub max_receives: u32,
    /// Pause before the second attempt; doubles with each further one, up to a minute.
    pub backoff: Duration,
}

impl Default for QueueOptions {
    fn default() -> Self {
        Self {
            window: Duration::from_millis(200),
            batch: 50,
            concurrency: 1,
            max_receives: 5,
            backoff: Duration::from_millis(500),
        }
    }
}
