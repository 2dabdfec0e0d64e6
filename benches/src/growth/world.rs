//! The indexer and the searcher on stores: those of a local cloud, over HTTP, or in memory.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lookalike_aws::{Clients, Cloud, Settings};
use lookalike_benches::vectors::{AnyError, image_bytes, query_bytes};
use lookalike_core::ports::{ImageEncoder, ImageWriter, NoMetrics};
use lookalike_core::{Deadline, EncoderCell, Encoders};
use lookalike_indexing::{IndexSettings, Indexer};
use lookalike_local_cloud::LocalCloud;
use lookalike_search::{SearchOptions, SearchPorts, SearchSettings, Searcher};
use lookalike_test_support::memory::MemoryCloud;

/// Number of folders over which images are spread.
const FOLDERS: usize = 20;
/// Number of attempts, of which the best counts: the cloud runs on the same cores.
const LOADS: usize = 3;

/// The indexer and the searcher.
pub(crate) struct World {
    writer: Arc<dyn ImageWriter>,
    indexer: Indexer,
    search: SearchPorts,
    /// True if a loaded segment is a copy.
    copies: bool,
}

/// The cost of a batch.
pub(crate) struct BatchCost {
    pub(crate) publishing: Duration,
    pub(crate) maintaining: Duration,
    /// True if the base was rebuilt, which then is most of the maintenance.
    pub(crate) rebuilt: bool,
}

/// The index as a search function sees it.
pub(crate) struct Seen {
    pub(crate) segments: usize,
    pub(crate) index_bytes: u64,
    /// Time from nothing to searchable.
    pub(crate) load_ms: f64,
    /// Median time of a search without embedding.
    pub(crate) query_ms: f64,
    /// Additional memory of the process after loading; `None` if it is not known.
    pub(crate) memory_bytes: Option<u64>,
    /// Numbers of the images that each query found.
    pub(crate) found: Vec<Vec<usize>>,
}

impl World {
    /// Connects to the servers of a local cloud.
    pub(crate) fn served(
        local: &LocalCloud,
        embedder: Arc<dyn ImageEncoder>,
    ) -> Result<Self, AnyError> {
        let names = BTreeMap::from([
            ("LOOKALIKE_CATALOG_BUCKET", "catalog"),
            ("LOOKALIKE_INDEX_BUCKET", "index"),
            ("LOOKALIKE_TABLE", "lookalike"),
        ]);
        let settings = Settings::read(|name| names.get(name).map(|value| (*value).to_owned()))?;
        let clients = Clients::local(
            &local.s3_url(),
            &local.dynamodb_url(),
            &local.sqs_url(),
            local.access_key(),
            local.secret_key(),
            local.region(),
        );
        let cloud = Cloud::with_clients(clients, &settings);
        let encoders: Encoders = EncoderCell::ready(embedder).into();
        let ports = cloud.index_ports(encoders.clone(), Arc::new(NoMetrics));
        Ok(Self {
            search: cloud.search_ports(encoders, Arc::new(NoMetrics)),
            writer: cloud.picture_writer,
            indexer: Indexer::new(ports, IndexSettings::default()),
            copies: true,
        })
    }

    /// Uses stores in memory.
    pub(crate) fn in_memory(embedder: Arc<dyn ImageEncoder>) -> Self {
        let cloud = MemoryCloud::new();
        let encoders: Encoders = EncoderCell::ready(embedder).into();
        let ports = cloud.index_ports(encoders.clone());
        Self {
            search: cloud.search_ports(encoders),
            indexer: Indexer::new(ports, IndexSettings::default()),
            writer: cloud,
            copies: false,
        }
    }

    /// Stores images, then indexes and maintains like one invocation.
    pub(crate) async fn batch(&self, numbers: Range<usize>) -> Result<BatchCost, AnyError> {
        let mut keys = Vec::with_capacity(numbers.len());
        for number in numbers {
            let key = format!("catalog/folder-{}/{number}.jpg", number % FOLDERS);
            let body = image_bytes(number);
            self.writer
                .put(&key, body, "image/jpeg", &BTreeMap::new())
                .await?;
            keys.push(key);
        }
        let begun = Instant::now();
        let deadline = Deadline::after(Duration::from_secs(900));
        self.indexer.index_keys(&keys, deadline).await?;
        let publishing = begun.elapsed();
        let report = self.indexer.maintain(deadline).await?;
        Ok(BatchCost {
            publishing,
            maintaining: begun.elapsed() - publishing,
            rebuilt: report.rebuilt_rows.is_some(),
        })
    }

    /// Loads the index like a starting search function, and searches it with `queries` queries.
    pub(crate) async fn look(&self, queries: usize) -> Result<Seen, AnyError> {
        let mut best_load = f64::INFINITY;
        // The allocator keeps what small segments took: the first time takes most.
        let mut most_memory = 0;
        let mut loaded = None;
        for _ in 0..LOADS {
            // The previous index is dropped, and its memory with it.
            drop(loaded.take());
            let before = resident_bytes()?;
            let settings = SearchSettings::default();
            let searcher = Searcher::new(self.search.clone(), settings);
            let begun = Instant::now();
            searcher.warm_up().await;
            best_load = best_load.min(begun.elapsed().as_secs_f64() * 1e3);
            most_memory = most_memory.max(resident_bytes()?.saturating_sub(before));
            loaded = Some(searcher);
        }
        let searcher = loaded.ok_or("nothing was loaded")?;
        let info = searcher.index_info().await?;
        let mut times = Vec::with_capacity(queries);
        let mut found = Vec::with_capacity(queries);
        for number in 0..queries {
            let options = SearchOptions::default();
            let answer = searcher.search_image(query_bytes(number), options).await?;
            times.push(answer.timings.search_ms);
            let numbers = answer.results.iter().map(|found| found.product_id.parse());
            found.push(numbers.collect::<Result<_, _>>()?);
        }
        times.sort_unstable_by(f64::total_cmp);
        Ok(Seen {
            segments: info.segments.len(),
            index_bytes: info.segments.iter().map(|segment| segment.bytes).sum(),
            load_ms: best_load,
            query_ms: times[times.len() / 2],
            memory_bytes: Some(most_memory).filter(|&bytes| bytes > 0 && self.copies),
            found,
        })
    }
}

/// Returns the memory of the process if Linux reports it, otherwise 0.
fn resident_bytes() -> Result<u64, AnyError> {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return Ok(0);
    };
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    Ok(kilobytes.unwrap_or("0").parse::<u64>()? * 1024)
}
