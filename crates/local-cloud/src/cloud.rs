//! The running servers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lookalike_events::CREATED;

use crate::events::{Deliverer, ObjectFacts, Queue, StreamPoller, created, removed};
use crate::identity::REGION;
use crate::identity::{ACCESS_KEY, SECRET_KEY};
use crate::servers::{Listeners, Servers};
use crate::storage::Storage;
use crate::store::{ObjectStore, StoreError};
use crate::{DeadLetter, EventHandler, Notify, Options, StartError};

/// Maximum time for which the shutdown waits for batches that are being handled.
const BATCH_GRACE: Duration = Duration::from_secs(5);

/// The running servers. Call [`LocalCloud::shutdown`] to stop them cleanly; a process that simply
/// ends, or is killed, loses no object and no item, only the events that still wait.
pub struct LocalCloud {
    notify: Option<Notify>,
    store: Arc<ObjectStore>,
    queue: Arc<Queue>,
    deliverer: Deliverer,
    stream_poller: Option<StreamPoller>,
    servers: Servers,
}

impl fmt::Debug for LocalCloud {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LocalCloud")
            .field("addresses", &self.servers.addresses)
            .finish_non_exhaustive()
    }
}

impl LocalCloud {
    /// Locks the folder, creates what is missing, and serves. Events wait in the queue until
    /// [`LocalCloud::deliver_to`] sets their handler, which may need the URLs first.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let listeners = Listeners::bind(&options)?;
        let queue = Arc::new(Queue::new(options.queue.clone()));
        let concurrency = options.queue.concurrency;
        let notify = options.notify.clone();
        let watched = options.watch.clone();
        let opened = {
            let queue = queue.clone();
            tokio::task::spawn_blocking(move || Storage::open(&options, queue)).await
        };
        let mut opened = opened.map_err(|error| StartError::Folder {
            path: std::path::PathBuf::new(),
            source: std::io::Error::other(error),
        })??;
        let store = opened.s3.store.clone();
        let followed = opened.stream.take().zip(watched);
        let servers = Servers::start(listeners, opened, queue.clone())?;
        let deliverer = Deliverer::start(&queue, concurrency);
        let stream_poller = followed.map(|(reader, watched)| {
            StreamPoller::start(reader, watched, queue.clone(), deliverer.handlers())
        });
        Ok(Self {
            notify,
            store,
            deliverer,
            stream_poller,
            servers,
            queue,
        })
    }

    /// Delivers events to `handler` from now on.
    pub fn deliver_to(&self, handler: Arc<dyn EventHandler>) {
        self.deliverer.set_handler(handler);
    }

    /// Returns the S3 endpoint, like `http://127.0.0.1:9000`; buckets are in the path.
    pub fn s3_url(&self) -> String {
        format!("http://{}", self.servers.addresses.s3)
    }

    /// Returns the DynamoDB endpoint, like `http://127.0.0.1:8000`.
    pub fn dynamodb_url(&self) -> String {
        format!("http://{}", self.servers.addresses.dynamodb)
    }

    /// Returns the SQS endpoint, like `http://127.0.0.1:9324`.
    pub fn sqs_url(&self) -> String {
        format!("http://{}", self.servers.addresses.sqs)
    }

    /// The endpoint of all services, like `http://127.0.0.1:4566`: a client that has it as `AWS_ENDPOINT_URL` needs
    /// no other.
    pub fn aws_url(&self) -> String {
        format!("http://{}", self.servers.addresses.aws)
    }

    /// Returns the URL of the queue from which the handler receives events. A message sent there is
    /// delivered like the events of objects.
    pub fn queue_url(&self) -> String {
        self.servers.addresses.queue_url()
    }

    /// Returns the access key of all endpoints.
    pub fn access_key(&self) -> &'static str {
        ACCESS_KEY
    }

    /// Returns the secret key of all endpoints.
    pub fn secret_key(&self) -> &'static str {
        SECRET_KEY
    }

    /// Returns the region of all endpoints.
    pub fn region(&self) -> &'static str {
        REGION
    }

    /// Queues an event for a key of the watched bucket, as if it had just been written (or
    /// removed): for changes of the folder while nothing was running. Does nothing if the key is
    /// not watched. A written key whose object is missing causes an event without size and ETag.
    pub async fn notify_changed(&self, key: &str, is_removed: bool) {
        let Some(notify) = self
            .notify
            .as_ref()
            .filter(|notify| key.starts_with(&notify.prefix))
        else {
            return;
        };
        let at = self.store.tick();
        let mut facts = ObjectFacts {
            bucket: &notify.bucket,
            key,
            at,
            version: None,
        };
        if is_removed {
            return self.queue.push(&removed(&facts));
        }
        let (store, bucket, name) = (self.store.clone(), notify.bucket.clone(), key.to_owned());
        let looked_up = tokio::task::spawn_blocking(move || {
            Ok::<_, StoreError>(store.open_object(&store.readable(&bucket, &name)?)?.version)
        });
        let version = looked_up.await.ok().and_then(Result::ok);
        facts.version = version
            .as_deref()
            .map(|version| (version.stamp.size, version.etag.as_str()));
        self.queue.push(&created(&facts, CREATED));
    }

    /// Waits until every event was handled or given up; forever if there are events and no handler.
    pub async fn idle(&self) {
        self.queue.idle().await;
        if let Some(stream_poller) = &self.stream_poller {
            stream_poller.idle().await;
        }
    }

    /// Returns the events that were given up since the start, oldest first, at most the last 1,000.
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.queue.dead_letters()
    }

    /// Lets running requests and the current batch end, for a few seconds at most, then closes
    /// everything. Events that still wait are dropped.
    pub async fn shutdown(self) {
        let stream_poller = async {
            if let Some(stream_poller) = self.stream_poller {
                stream_poller.stop(BATCH_GRACE).await;
            }
        };
        tokio::join!(self.deliverer.stop(BATCH_GRACE), stream_poller);
        self.servers.stop().await;
    }
}
