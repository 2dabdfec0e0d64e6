//! The servers of a local cloud, started and stopped together.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::combined::CombinedEndpoint;
use crate::dynamodb::{DynamoDbEndpoint, DynamoDbForwarder, DynamoDbServer};
use crate::error::StartError;
use crate::events::Queue;
use crate::identity::{ACCOUNT, QUEUE};
use crate::listener::Listener;
use crate::options::Options;
use crate::s3::S3Endpoint;
use crate::server::HttpServer;
use crate::sqs::LocalSqs;
use crate::storage::Storage;

/// A listener for each server.
pub(crate) struct Listeners {
    s3: Listener,
    dynamodb: Listener,
    /// Of the server behind the one that checks requests.
    tables: Listener,
    sqs: Listener,
    aws: Listener,
    max_silence: Duration,
}

impl Listeners {
    /// Binds the ports of the options.
    pub(crate) fn bind(options: &Options) -> Result<Self, StartError> {
        let bind = |service, port| Listener::bind(service, options.address, port);
        Ok(Self {
            s3: bind("S3", options.s3_port)?,
            dynamodb: bind("DynamoDB", options.dynamodb_port)?,
            tables: Listener::bind_hidden("DynamoDB")?,
            sqs: bind("SQS", options.sqs_port)?,
            aws: bind("AWS", options.aws_port)?,
            max_silence: options.max_silence,
        })
    }

    fn addresses(&self) -> Addresses {
        Addresses {
            s3: self.s3.address(),
            dynamodb: self.dynamodb.address(),
            sqs: self.sqs.address(),
            aws: self.aws.address(),
        }
    }
}

/// Where clients on this machine reach the servers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    pub(crate) s3: SocketAddr,
    pub(crate) dynamodb: SocketAddr,
    pub(crate) sqs: SocketAddr,
    /// The server of all services.
    pub(crate) aws: SocketAddr,
}

impl Addresses {
    /// The URL of the queue.
    pub(crate) fn queue_url(&self) -> String {
        format!("http://{}/{ACCOUNT}/{QUEUE}", self.sqs)
    }
}

/// The servers while they run.
pub(crate) struct Servers {
    pub(crate) addresses: Addresses,
    s3: HttpServer,
    dynamodb: HttpServer,
    tables: DynamoDbServer,
    sqs: HttpServer,
    aws: HttpServer,
}

impl Servers {
    /// Serves what was opened. Takes only those parts of the storage that a server needs.
    pub(crate) fn start(
        listeners: Listeners,
        storage: Storage,
        queue: Arc<Queue>,
    ) -> Result<Self, StartError> {
        let addresses = listeners.addresses();
        let max_silence = listeners.max_silence;
        let s3 = S3Endpoint::new(storage.s3);
        let sqs = LocalSqs::new(queue, addresses.queue_url());
        let hidden = listeners.tables.address();
        let tables = listeners.tables.into_std();
        let tables = DynamoDbServer::start(tables, storage.database, storage.folder)
            .map_err(Listener::failed("DynamoDB", hidden))?;
        let dynamodb = DynamoDbEndpoint::new(DynamoDbForwarder::new(hidden));
        let combined = CombinedEndpoint {
            s3: s3.clone(),
            sqs: sqs.clone(),
            dynamodb: dynamodb.clone(),
        };
        Ok(Self {
            addresses,
            s3: s3.serve(listeners.s3.into_http(max_silence)?),
            dynamodb: dynamodb.serve(listeners.dynamodb.into_http(max_silence)?),
            tables,
            sqs: sqs.serve(listeners.sqs.into_http(max_silence)?),
            aws: combined.serve(listeners.aws.into_http(max_silence)?),
        })
    }

    /// Lets running requests end, for a few seconds at most, then closes everything.
    pub(crate) async fn stop(self) {
        tokio::join!(
            self.s3.stop(),
            self.sqs.stop(),
            self.dynamodb.stop(),
            self.aws.stop()
        );
        // Last, because two of the others pass requests on to it.
        self.tables.stop().await;
    }
}
