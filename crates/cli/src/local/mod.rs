//! The complete system in this process: local cloud, indexer, search API.

mod explaining;
mod http_api;
mod listen_options;
mod port_error;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use lookalike_core::{CATALOG_PREFIX, Deadline, Filterable};
use lookalike_events::{ITEM, PRODUCT_ITEM};
use lookalike_indexing::{Handler, Indexer};
use lookalike_local_cloud::{
    EventHandler, LocalCloud, Notify, Options, QueueOptions, WatchedTable, reachable,
};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::http_api::serve_api;
pub(crate) use self::listen_options::ListenOptions;
use self::port_error::{name_the_option, unusable};
use crate::connection::Connection;
use crate::sam_variables;
use crate::target::Target;

const CATALOG_BUCKET: &str = "catalog";
const INDEX_BUCKET: &str = "index";
const TABLE: &str = "lookalike";
/// Number of written products that are passed to the indexer at once.
const BATCH_PRODUCTS: usize = 500;
/// Maximum time of a Lambda function.
const INVOCATION_TIME: Duration = Duration::from_secs(900);
/// Maximum time for which the shutdown waits for open connections.
const CONNECTION_GRACE: Duration = Duration::from_secs(3);

/// The running system.
pub(crate) struct LocalSystem {
    pub(crate) connection: Connection,
    pub(crate) target: Target,
    indexer: Arc<Indexer>,
    data: PathBuf,
    cloud: LocalCloud,
    api: JoinHandle<std::io::Result<()>>,
    stop: watch::Sender<bool>,
}

/// Passes the events of the queue and of the table to the code that the Lambda function runs.
struct Invocations(Handler);

#[async_trait]
impl EventHandler for Invocations {
    async fn handle(&self, event: Value) -> Result<Value, String> {
        let handled = self.0.handle(event, Deadline::after(INVOCATION_TIME)).await;
        handled.map_err(|error| error.to_string())
    }
}

impl LocalSystem {
    /// Starts the servers on a data folder. Events are not handled before
    /// [`follow_events`](Self::follow_events). `cache` replaces the setting of the environment.
    pub(crate) async fn start(
        data: &Path,
        listen: ListenOptions,
        filterable: &Filterable,
        cache: Option<Duration>,
    ) -> Result<Self> {
        listen.warn();
        let listener = TcpListener::bind((listen.address, listen.http))
            .await
            .map_err(|error| unusable("--port", listen.http, &error))?;
        let cloud = LocalCloud::start(Options {
            address: listen.address,
            s3_port: listen.s3,
            dynamodb_port: listen.dynamodb,
            sqs_port: listen.sqs,
            aws_port: listen.aws,
            buckets: vec![CATALOG_BUCKET.to_owned(), INDEX_BUCKET.to_owned()],
            tables: vec![lookalike_aws::create_table(TABLE)],
            notify: Some(Notify {
                bucket: CATALOG_BUCKET.to_owned(),
                prefix: CATALOG_PREFIX.to_owned(),
            }),
            watch: Some(WatchedTable {
                table: TABLE.to_owned(),
                only: Some((ITEM.to_owned(), PRODUCT_ITEM.to_owned())),
                batch: BATCH_PRODUCTS,
            }),
            // Two, so that new images need not wait while a batch rebuilds the base.
            queue: QueueOptions {
                concurrency: 2,
                ..QueueOptions::default()
            },
            ..Options::new(data)
        })
        .await
        .map_err(name_the_option)?;
        let connection = Connection {
            url: format!("http://{}", reachable(listener.local_addr()?)),
            s3_url: cloud.s3_url(),
            dynamodb_url: cloud.dynamodb_url(),
            sqs_url: cloud.sqs_url(),
            aws_url: cloud.aws_url(),
            access_key: cloud.access_key().to_owned(),
            secret_key: cloud.secret_key().to_owned(),
            region: cloud.region().to_owned(),
            catalog_bucket: CATALOG_BUCKET.to_owned(),
            index_bucket: INDEX_BUCKET.to_owned(),
            table: TABLE.to_owned(),
            queue_url: cloud.queue_url(),
            filterable: filterable.to_string(),
        };
        let mut target = Target::of_connection(&connection)?;
        target.settings.cache = cache.unwrap_or(target.settings.cache);
        let encoders = target.encoders();
        let indexer = Arc::new(target.indexer(encoders.clone()));
        let searcher = Arc::new(target.searcher(encoders));
        let (stop, stopped) = watch::channel(false);
        let api = tokio::spawn(serve_api(listener, searcher, &target, stopped));
        sam_variables::write(&connection, &target.settings.index_prefix, data)?;
        connection.write(data)?;
        Ok(Self {
            connection,
            target,
            indexer,
            data: data.to_owned(),
            cloud,
            api,
            stop,
        })
    }

    /// Lets the indexer handle the events that wait and all later ones.
    pub(crate) fn follow_events(&self) {
        let handler = Handler::new(Arc::clone(&self.indexer), CATALOG_BUCKET);
        self.cloud.deliver_to(Arc::new(Invocations(handler)));
    }

    /// Drops the index, so that every image differs from it.
    pub(crate) async fn start_over(&self) -> Result<()> {
        self.indexer.start_over().await?;
        Ok(())
    }

    /// Queues events for changes while nothing was running and for events that were queued when the
    /// process ended, and updates rows from the table.
    pub(crate) async fn catch_up(&self) -> Result<()> {
        let refused = "the stored index cannot be used; --start-over indexes every image again";
        self.indexer.check_encoder().await.context(refused)?;
        let differences = self.indexer.differences().await.context(refused)?;
        // A process that was killed may have indexed images without recording them.
        let unrecorded = self.indexer.unrecorded().await?;
        let changed = [&differences.to_index, &differences.to_build, &unrecorded];
        for key in changed.into_iter().flatten() {
            self.cloud.notify_changed(key, false).await;
        }
        for key in &differences.to_remove {
            self.cloud.notify_changed(key, true).await;
        }
        let products = self.outdated_products().await?;
        for chunk in products.chunks(BATCH_PRODUCTS) {
            let deadline = Deadline::after(INVOCATION_TIME);
            let report = self.indexer.index_products(chunk, deadline).await?;
            for (product, reason) in &report.retry {
                eprintln!("product {product} is not up to date in the index: {reason}");
            }
            self.indexer.maintain(deadline).await?;
        }
        Ok(())
    }

    /// Returns the products whose attributes in the index differ from the table.
    async fn outdated_products(&self) -> Result<Vec<String>> {
        let outdated = self.indexer.outdated().await?;
        let products = outdated.into_iter().map(|outdated| outdated.product_id);
        Ok(products.collect::<BTreeSet<_>>().into_iter().collect())
    }

    /// Waits until every event was handled or given up.
    pub(crate) async fn settled(&self) {
        self.cloud.idle().await;
    }

    /// Returns the number of events that were given up.
    pub(crate) fn dead_letters(&self) -> usize {
        self.cloud.dead_letters().len()
    }

    /// Stops everything in order.
    pub(crate) async fn stop(self) -> Result<()> {
        eprintln!("stopping");
        Connection::forget(&self.data);
        sam_variables::forget(&self.data);
        // Without a receiver, the API has ended already.
        let _ = self.stop.send(true);
        if let Ok(ended) = tokio::time::timeout(CONNECTION_GRACE, self.api).await {
            ended??;
        }
        self.cloud.shutdown().await;
        Ok(())
    }
}
