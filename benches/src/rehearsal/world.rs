//! The indexer and the searcher on stores in memory, whose time passes as images arrive.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lookalike_benches::vectors::{AnyError, image_bytes};
use lookalike_core::{Deadline, EncoderCell, Encoders, Host, SystemHost};
use lookalike_indexing::{BaseMigration, IndexPorts, IndexSettings, Indexer, MaintenanceReport};
use lookalike_search::{SearchPorts, SearchSettings, Searcher};
use lookalike_test_support::memory::MemoryCloud;

use crate::catalog::{Catalog, FILTERABLE};
use crate::meter::{CopiedSegments, MeteredEngine, Taken};

/// Time between two collections of segments that are no longer needed.
const COLLECTING: Duration = Duration::from_secs(3600);
/// The time that an invocation has.
const INVOCATION: Duration = Duration::from_secs(900);

/// Time that passes only when it is told to: images arrive at a certain rate, however fast they are indexed.
struct ArrivalClock(AtomicU64);

impl Host for ArrivalClock {
    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn random(&self) -> u128 {
        SystemHost.random()
    }
}

/// The catalog, the stores and the indexer.
pub(crate) struct World {
    pub(crate) catalog: Catalog,
    cloud: Arc<MemoryCloud>,
    clock: Arc<ArrivalClock>,
    pub(crate) engine: Arc<MeteredEngine>,
    encoders: Encoders,
    indexer: Indexer,
    images_per_hour: u64,
    collected: u64,
}

/// The cost of a batch.
pub(crate) struct BatchCost {
    pub(crate) publishing: Taken,
    pub(crate) maintaining: Taken,
    pub(crate) report: MaintenanceReport,
}

impl World {
    pub(crate) fn new(catalog: Catalog, images_per_hour: u64) -> Self {
        let clock = Arc::new(ArrivalClock(AtomicU64::new(SystemHost.now())));
        let cloud = MemoryCloud::with_clock(clock.clone());
        let engine = MeteredEngine::new(Arc::clone(&cloud));
        let encoders: Encoders = EncoderCell::ready(catalog.numbered.clone()).into();
        let collected = clock.now();
        Self {
            indexer: new_indexer(&cloud, &engine, encoders.clone()),
            catalog,
            cloud,
            clock,
            engine,
            encoders,
            images_per_hour,
            collected,
        }
    }

    /// Returns an indexer that has just started.
    pub(crate) fn new_indexer(&self) -> Indexer {
        new_indexer(&self.cloud, &self.engine, self.encoders.clone())
    }

    /// Returns a searcher that has just started.
    pub(crate) fn new_searcher(&self) -> Searcher {
        let ports = self.cloud.search_ports(self.encoders.clone());
        let ports = SearchPorts {
            segments: Arc::new(CopiedSegments(ports.segments.clone())),
            vector_base: self.engine.clone(),
            ..ports
        };
        let settings = SearchSettings {
            filterable: FILTERABLE.parse().unwrap_or_default(),
            ..SearchSettings::default()
        };
        Searcher::new(ports, settings)
    }

    /// Stores images, then indexes and maintains like one invocation.
    pub(crate) async fn batch(&mut self, images: Range<usize>) -> Result<BatchCost, AnyError> {
        let mut keys = Vec::with_capacity(images.len());
        let passed = images.len() as u64 * 3_600_000 / self.images_per_hour;
        self.clock.0.fetch_add(passed, Ordering::Relaxed);
        for image in images {
            let (key, product) = (self.catalog.key(image), self.catalog.product(image));
            let id = product.to_string();
            self.cloud.put_metadata(&id, self.catalog.metadata(product));
            let metadata = BTreeMap::from([("product-id".to_owned(), id)]);
            self.cloud.put_image(&key, image_bytes(image), metadata);
            keys.push(key);
        }
        let deadline = Deadline::after(INVOCATION);
        let index = self.indexer.index_keys(&keys, deadline);
        let (indexed, publishing) = self.engine.measure(index).await;
        indexed?;
        let now = self.clock.now();
        let is_collecting = now - self.collected >= COLLECTING.as_millis() as u64;
        let maintain = async {
            let report = self.indexer.maintain(deadline).await?;
            // A function that starts collects after its first merge.
            if is_collecting {
                self.indexer.collect_garbage().await?;
            }
            Ok::<_, AnyError>(report)
        };
        let (report, maintaining) = self.engine.measure(maintain).await;
        if is_collecting {
            self.collected = now;
        }
        Ok(BatchCost {
            publishing,
            maintaining,
            report: report?,
        })
    }

    /// Moves the base of the index to the engine, and gives its segment up. Returns the time it took.
    pub(crate) async fn move_base(&self, slots: u32) -> Result<Duration, AnyError> {
        let begun = Instant::now();
        let deadline = Deadline::after(INVOCATION);
        let migration = BaseMigration::new(&self.indexer, self.cloud.clone());
        migration.begin(Some(slots), deadline).await?;
        migration.fill(|_, _| ()).await?;
        migration.switch(deadline).await?;
        migration.finish(deadline).await?;
        Ok(begun.elapsed())
    }

    /// Returns the rows of deltas, and the number of deltas, that the searched index has now.
    pub(crate) fn deltas(&self) -> Result<(u64, usize), AnyError> {
        let manifest = self.cloud.manifest().ok_or("nothing was published")?;
        let manifest = lookalike_index::Manifest::decode(&manifest)?;
        let is_delta = |entry: &&lookalike_index::SegmentEntry| {
            entry.kind == lookalike_index::SegmentKind::Delta
        };
        let rows = manifest.segments.iter().filter(is_delta);
        let rows: Vec<u64> = rows.map(|entry| u64::from(entry.rows)).collect();
        Ok((rows.iter().sum(), rows.len()))
    }
}

fn new_indexer(
    cloud: &Arc<MemoryCloud>,
    engine: &Arc<MeteredEngine>,
    encoders: Encoders,
) -> Indexer {
    let ports = cloud.index_ports(encoders);
    let ports = IndexPorts {
        segments: Arc::new(CopiedSegments(ports.segments.clone())),
        vector_base: engine.clone(),
        vector_base_writer: engine.clone(),
        ..ports
    };
    let settings = IndexSettings {
        filterable: FILTERABLE.parse().unwrap_or_default(),
        ..IndexSettings::default()
    };
    Indexer::new(ports, settings)
}
