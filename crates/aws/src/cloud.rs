//! Every adapter, built from the same clients.

use std::fmt;
use std::sync::Arc;

use lookalike_core::Encoders;
use lookalike_core::host::SystemHost;
use lookalike_core::ports::{
    ChangeQueue, EncoderStore, Failures, Generations, ImageRecords, ImageStore, ImageWriter,
    Manifests, Metrics, Products, SegmentStore, Segments, StoredEncoders, TableReader, UrlSigner,
};
use lookalike_core::vector_base::{VectorBase, VectorBaseAdmin, VectorBaseWriter};
use lookalike_indexing::IndexPorts;
use lookalike_search::SearchPorts;

use crate::clients::{Clients, NoRegion};
use crate::dynamodb::table::Table;
use crate::dynamodb::{
    DynamoFailures, DynamoImageRecords, DynamoProducts, DynamoTableReader, DynamoVectorBase,
};
use crate::s3::bucket::Bucket;
use crate::s3::{S3Encoders, S3Generations, S3Images, S3Manifests, S3Segments, S3UrlSigner};
use crate::settings::{self, Settings};
use crate::sqs::{QueueKind, SqsChanges, SqsDeadLetters};

/// The ports of the service over S3, DynamoDB and SQS. Clones share the clients and their
/// connections.
#[derive(Clone)]
pub struct Cloud {
    /// Reads the catalog bucket.
    pub pictures: Arc<dyn ImageStore>,
    /// Writes the catalog bucket.
    pub picture_writer: Arc<dyn ImageWriter>,
    /// Signs links into the catalog bucket.
    pub links: Arc<dyn UrlSigner>,
    /// The manifest of the index.
    pub manifests: Arc<dyn Manifests>,
    /// The manifests of replaced generations.
    pub generations: Arc<dyn Generations>,
    /// The segments of the index.
    pub segments: Arc<dyn Segments>,
    /// Lists and removes segments.
    pub shelf: Arc<dyn SegmentStore>,
    /// The encoders that are stored beside the index.
    pub stored_encoders: Arc<dyn StoredEncoders>,
    /// Lists and removes stored encoders.
    pub encoder_store: Arc<dyn EncoderStore>,
    /// Product metadata.
    pub products: Arc<dyn Products>,
    /// The records of images.
    pub records: Arc<dyn ImageRecords>,
    /// The images that failed.
    pub failures: Arc<dyn Failures>,
    /// Reads the whole table.
    pub table: Arc<dyn TableReader>,
    /// Reads vector bases.
    pub vector_base: Arc<dyn VectorBase>,
    /// Writes vector bases.
    pub vector_base_writer: Arc<dyn VectorBaseWriter>,
    /// Makes and drops vector bases.
    pub vector_base_admin: Arc<dyn VectorBaseAdmin>,
    /// The changes for the indexer; `None` unless the settings name a queue.
    pub changes: Option<Arc<dyn ChangeQueue>>,
    /// The changes that the indexer handles one by one; `None` unless the settings name a queue.
    pub retries: Option<Arc<dyn ChangeQueue>>,
    /// The images that are indexed straight into a vector base; `None` unless the settings name a queue.
    pub backfill: Option<Arc<dyn ChangeQueue>>,
    clients: Clients,
}

impl Cloud {
    /// Connects to the cloud that the SDK's environment variables and `settings` name.
    ///
    /// # Errors
    /// [`NoRegion`] if no AWS region is configured. Nothing is called yet.
    pub async fn connect(settings: &Settings) -> Result<Self, NoRegion> {
        Ok(Self::with_clients(
            Clients::connect(settings).await?,
            settings,
        ))
    }

    /// Returns the adapters of the buckets, the table and the queue in `settings`, reached by
    /// `clients`.
    pub fn with_clients(clients: Clients, settings: &Settings) -> Self {
        let catalog = Arc::new(Bucket::new(
            &clients,
            &settings.catalog_bucket,
            settings::CATALOG_BUCKET,
        ));
        let index = Arc::new(Bucket::new(
            &clients,
            &settings.index_bucket,
            settings::INDEX_BUCKET,
        ));
        let table = Arc::new(Table::new(&clients, &settings.table));
        let queue = |url: &Option<String>, kind: QueueKind| {
            let queue = SqsChanges::new(&clients, url.as_deref()?, kind, &settings.catalog_bucket);
            Some(Arc::new(queue) as Arc<dyn ChangeQueue>)
        };
        let pictures = Arc::new(S3Images::new(Arc::clone(&catalog)));
        let segments = Arc::new(S3Segments::new(Arc::clone(&index), &settings.index_prefix));
        let encoders = Arc::new(S3Encoders::new(Arc::clone(&index), &settings.index_prefix));
        let prefix = format!("{}-base-", settings.table);
        let vector_base = DynamoVectorBase::new(&clients, prefix, Arc::new(SystemHost));
        let vector_base = Arc::new(vector_base);
        let generations = S3Generations::new(Arc::clone(&index), &settings.index_prefix);
        Self {
            pictures: pictures.clone(),
            picture_writer: pictures,
            links: Arc::new(S3UrlSigner::new(catalog)),
            manifests: Arc::new(S3Manifests::new(index, &settings.index_prefix)),
            generations: Arc::new(generations),
            segments: segments.clone(),
            shelf: segments,
            stored_encoders: encoders.clone(),
            encoder_store: encoders,
            products: Arc::new(DynamoProducts::new(Arc::clone(&table))),
            records: Arc::new(DynamoImageRecords::new(Arc::clone(&table))),
            failures: Arc::new(DynamoFailures::new(Arc::clone(&table))),
            table: Arc::new(DynamoTableReader::new(table)),
            vector_base: vector_base.clone(),
            vector_base_writer: vector_base.clone(),
            vector_base_admin: vector_base,
            changes: queue(&settings.queue_url, QueueKind::Changes),
            retries: queue(&settings.retry_queue_url, QueueKind::Retries),
            backfill: queue(&settings.backfill_queue_url, QueueKind::Backfill),
            clients,
        }
    }

    /// Returns the ports of an indexer.
    pub fn index_ports(&self, encoders: Encoders, metrics: Arc<dyn Metrics>) -> IndexPorts {
        IndexPorts {
            encoders,
            images: self.pictures.clone(),
            manifests: self.manifests.clone(),
            generations: self.generations.clone(),
            segments: self.segments.clone(),
            shelf: self.shelf.clone(),
            products: self.products.clone(),
            encoder_store: self.encoder_store.clone(),
            records: self.records.clone(),
            failures: self.failures.clone(),
            vector_base: self.vector_base.clone(),
            vector_base_writer: self.vector_base_writer.clone(),
            metrics,
            host: Arc::new(SystemHost),
        }
    }

    /// Returns the ports of a searcher.
    pub fn search_ports(&self, encoders: Encoders, metrics: Arc<dyn Metrics>) -> SearchPorts {
        SearchPorts {
            encoders,
            images: self.pictures.clone(),
            links: self.links.clone(),
            manifests: self.manifests.clone(),
            generations: self.generations.clone(),
            segments: self.segments.clone(),
            products: self.products.clone(),
            failures: self.failures.clone(),
            table: self.table.clone(),
            vector_base: self.vector_base.clone(),
            metrics,
            host: Arc::new(SystemHost),
        }
    }

    /// Returns the dead-letter queue at `url`.
    pub fn dead_letters(&self, url: &str) -> SqsDeadLetters {
        SqsDeadLetters::new(&self.clients, url)
    }

    /// Returns the clients that the adapters share.
    pub fn clients(&self) -> &Clients {
        &self.clients
    }
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cloud").finish_non_exhaustive()
    }
}
