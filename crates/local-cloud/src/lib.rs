//! A part of AWS in one process: an S3 server on a folder, a DynamoDB server on a SQLite file, and
//! an SQS server whose queue passes every created and removed object to a handler, as S3, SQS and
//! Lambda would. Writes to a table reach the handler too, through the table's stream. Each service has a port, and one
//! more port has all of them, so that a client only needs `AWS_ENDPOINT_URL`. It listens on the loopback interface
//! unless the options name another address, and needs no account.
//!
//! # Types
//! - [`LocalCloud`]: the running servers; start, stop, get URLs, wait until the queue is idle.
//! - [`Options`]: folder, address, ports, buckets, tables, the objects and items that cause events, and
//!   their queue.
//! - [`EventHandler`]: receives the events, as the JSON that SQS or a stream passes to a Lambda function.
//!
//! # Errors
//! [`StartError`]: a folder that another process uses, a port that is taken, a table that cannot be
//! created. After the start nothing here fails as a whole: clients get S3, DynamoDB and SQS errors.
//!
//! # What is on disk
//! ```text
//! <data>/lock                one process per folder
//! <data>/s3/<bucket>/<key>   the objects, as plain files; put files here and they are objects
//! <data>/s3-versions.jsonl   ETag, content type, user metadata and checksums of each version
//! <data>/s3-incoming/        objects being received; emptied at the start
//! <data>/s3-uploads/         multipart uploads that are neither completed nor aborted
//! <data>/dynamodb.sqlite     the tables
//! ```
//!
//! # Limits
//! S3 without versioning, access control lists, tags, encryption or storage classes; keys are file
//! paths, so a key cannot be both an object and the folder of another, cannot end in `/`, and each
//! of its parts has at most 255 bytes. SQS has one queue,
//! `lookalike-changes`, in memory only: messages can be sent to it one by one and in batches, and
//! counted, in SQS's JSON protocol; only the handler receives them. The streams of DynamoDB tables
//! have one shard each and keep the last 20,000 writes of all tables. Of STS there is `GetCallerIdentity` on the port of
//! all services, because tools begin with it.
//!
//! # Example
//! ```no_run
//! use lookalike_local_cloud::{LocalCloud, Options};
//!
//! # async fn run() -> Result<(), lookalike_local_cloud::StartError> {
//! let mut options = Options::new("/var/lib/shop");
//! options.buckets = vec!["catalog".to_owned()];
//! let cloud = LocalCloud::start(options).await?;
//! println!("AWS_ENDPOINT_URL={}", cloud.aws_url());
//! cloud.shutdown().await;
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod clock;
mod cloud;
mod combined;
mod dynamodb;
mod error;
mod events;
mod folder;
mod identity;
mod listener;
mod options;
mod origin;
mod refusal;
mod request_body;
mod s3;
mod server;
mod servers;
mod signature;
mod sqs;
mod storage;
mod store;

pub use cloud::LocalCloud;
pub use error::StartError;
pub use events::{DeadLetter, EventHandler};
pub use listener::reachable;
pub use options::{Notify, Options, QueueOptions, WatchedTable};
