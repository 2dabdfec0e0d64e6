//! Does the cost of one more picture stay flat? Indexes thousands of pictures through the real path
//! (S3 objects, conditional manifest, deltas, merges, rebuilds) on the local cloud and prints what a
//! picture cost in each thousand. The embeddings are synthetic: what is measured is everything else.
//! With `--memory` the stores are in memory, which leaves the indexer's own work.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use clap::Parser;
use lookalike_aws::{Clients, Cloud, Settings, create_table};
use lookalike_local_cloud::{LocalCloud, Options};
use lookalike_service::memory::MemoryCloud;
use lookalike_service::ports::{Embedder, Links, NoMetrics, PictureWriter, Products};
use lookalike_service::{
    Deadline, EmbedderCell, Fingerprint, IndexPorts, IndexSettings, Indexer, PictureError,
    SearchOptions, SearchPorts, SearchSettings, Searcher,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

type AnyError = Box<dyn std::error::Error>;

const DIMENSIONS: usize = 256;
/// Pictures look like one of so many kinds.
const KINDS: u64 = 200;
/// How much two pictures of a kind differ, against the length of what they share.
const SPREAD: f32 = 0.7;
/// Pictures per line of the table.
const THOUSAND: usize = 1000;

/// Measures how the cost of a picture grows with the catalog.
#[derive(Parser)]
struct Arguments {
    /// Pictures to index.
    #[arg(long, default_value_t = 20_000)]
    pictures: usize,
    /// Pictures per event batch.
    #[arg(long, default_value_t = 50)]
    batch: usize,
    /// Keep everything in memory instead of in the local cloud.
    #[arg(long)]
    memory: bool,
    /// Through the local cloud: fail when a picture at the end costs more than this many at the beginning.
    #[arg(long, default_value_t = 1.5)]
    most: f64,
}

/// A vector near one of the kinds' centres, both drawn from the picture's bytes.
struct Synthetic;

impl Embedder for Synthetic {
    fn name(&self) -> &str {
        "synthetic"
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint([1; 32])
    }

    fn dimensions(&self) -> usize {
        DIMENSIONS
    }

    fn embed(&self, picture: &[u8]) -> Result<Vec<f32>, PictureError> {
        let number = picture
            .first_chunk()
            .map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let centre = direction(number % KINDS);
        let own = direction(KINDS + number);
        Ok(centre
            .iter()
            .zip(own)
            .map(|(c, o)| c + SPREAD * o)
            .collect())
    }
}

fn direction(seed: u64) -> Vec<f32> {
    let mut dice = StdRng::seed_from_u64(seed);
    (0..DIMENSIONS)
        .map(|_| dice.random_range(-1.0..1.0))
        .collect()
}

struct Bench {
    writer: Arc<dyn PictureWriter>,
    indexer: Indexer,
    searcher: Searcher,
}

impl Bench {
    /// On the servers of a local cloud, over HTTP.
    fn served(local: &LocalCloud) -> Result<Self, AnyError> {
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
        let ports = IndexPorts {
            encoders: EmbedderCell::ready(Arc::new(Synthetic)).into(),
            pictures: cloud.pictures,
            manifests: cloud.manifests,
            segments: cloud.segments,
            shelf: cloud.shelf,
            encoder_shelf: cloud.encoder_shelf,
            records: cloud.records,
            failures: cloud.failures,
            metrics: Arc::new(NoMetrics),
        };
        Ok(Self::new(
            ports,
            cloud.picture_writer,
            cloud.links,
            cloud.products,
        ))
    }

    /// On stores in memory.
    fn in_memory() -> Self {
        let cloud = MemoryCloud::new();
        let ports = IndexPorts {
            encoders: EmbedderCell::ready(Arc::new(Synthetic)).into(),
            pictures: cloud.clone(),
            manifests: cloud.clone(),
            segments: cloud.clone(),
            shelf: cloud.clone(),
            encoder_shelf: cloud.clone(),
            records: cloud.clone(),
            failures: cloud.clone(),
            metrics: Arc::new(NoMetrics),
        };
        Self::new(ports, cloud.clone(), cloud.clone(), cloud)
    }

    fn new(
        ports: IndexPorts,
        writer: Arc<dyn PictureWriter>,
        links: Arc<dyn Links>,
        products: Arc<dyn Products>,
    ) -> Self {
        let search = SearchPorts {
            encoders: ports.encoders.clone(),
            pictures: ports.pictures.clone(),
            links,
            manifests: ports.manifests.clone(),
            segments: ports.segments.clone(),
            products,
            failures: ports.failures.clone(),
            metrics: ports.metrics.clone(),
        };
        let refresh = Duration::ZERO;
        Self {
            writer,
            indexer: Indexer::new(ports, IndexSettings::default()),
            searcher: Searcher::new(search, SearchSettings { refresh }),
        }
    }

    /// Stores pictures, then indexes and maintains as one invocation does; returns the time of both.
    async fn batch(&self, numbers: std::ops::Range<usize>) -> Result<BatchCost, AnyError> {
        let mut keys = Vec::with_capacity(numbers.len());
        for number in numbers {
            let key = format!("catalog/kind-{}/{number}.jpg", number as u64 % KINDS);
            let body = Bytes::copy_from_slice(&(number as u64).to_le_bytes());
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

    async fn query_ms(&self) -> Result<f64, AnyError> {
        let mut best = f64::INFINITY;
        for number in 0..20u64 {
            let picture = Bytes::copy_from_slice(&number.to_le_bytes());
            let answer = self
                .searcher
                .search_picture(picture, SearchOptions::default())
                .await?;
            best = best.min(answer.timings.search_ms);
        }
        Ok(best)
    }
}

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let arguments = Arguments::parse();
    if arguments.memory {
        return measure(&Bench::in_memory(), &arguments).await;
    }
    let folder = tempfile::tempdir()?;
    let local = LocalCloud::start(Options {
        buckets: vec!["catalog".to_owned(), "index".to_owned()],
        tables: vec![create_table("lookalike")],
        ..Options::new(folder.path())
    })
    .await?;
    let measured = measure(&Bench::served(&local)?, &arguments).await;
    local.shutdown().await;
    measured
}

async fn measure(bench: &Bench, arguments: &Arguments) -> Result<(), AnyError> {
    println!(
        "| pictures | ms per picture, published | ms per picture, maintenance | rebuilds | index bytes | segments | query ms |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut published = Vec::new();
    let mut cycles = Cycles::default();
    for first in (0..arguments.pictures).step_by(THOUSAND) {
        let last = (first + THOUSAND).min(arguments.pictures);
        let (mut publishing, mut maintaining, mut rebuilds) = (Duration::ZERO, Duration::ZERO, 0);
        for start in (first..last).step_by(arguments.batch) {
            let end = (start + arguments.batch).min(last);
            let cost = bench.batch(start..end).await?;
            publishing += cost.publishing;
            maintaining += cost.maintaining;
            rebuilds += u32::from(cost.rebuilt);
            cycles.add(end - start, &cost);
        }
        let query = bench.query_ms().await?;
        let info = bench.searcher.index_info().await?;
        let bytes: u64 = info.segments.iter().map(|segment| segment.bytes).sum();
        let pictures = last - first;
        published.push(per_picture(publishing, pictures));
        println!(
            "| {last} | {:.3} | {:.3} | {rebuilds} | {bytes} | {} | {query:.3} |",
            per_picture(publishing, pictures),
            per_picture(maintaining, pictures),
            info.segments.len(),
        );
    }
    let (Some(published_first), Some(published_last)) = (published.first(), published.last())
    else {
        return Err("--pictures must be at least 1".into());
    };
    let (Some(kept_first), Some(kept_last)) = (cycles.complete.first(), cycles.complete.last())
    else {
        return Err("no base was rebuilt: measure more --pictures".into());
    };
    let (first, last) = (published_first + kept_first, published_last + kept_last);
    let ratio = last / first;
    println!(
        "\nA picture costs {first:.3} ms at first ({published_first:.3} published, {kept_first:.3} maintained) and \
         {last:.3} ms at last ({published_last:.3} and {kept_last:.3});\n\
         published is the mean of a thousand pictures, maintained that from one rebuild of the base to the \
         next, that included.\n\
         Last to first: {ratio:.2}, at most {} is asked for.",
        arguments.most
    );
    // In memory a publication costs next to nothing, so that rebuilds alone would decide.
    if ratio > arguments.most && !arguments.memory {
        return Err("the cost of a picture grew with the catalog".into());
    }
    Ok(())
}

/// What a batch took.
struct BatchCost {
    publishing: Duration,
    maintaining: Duration,
    /// Whether the base was rebuilt.
    rebuilt: bool,
}

/// Maintenance from one rebuild of the base to the next. Rebuilds become dearer and rarer as the catalog
/// grows, so any fixed number of pictures holds either too many or none.
#[derive(Default)]
struct Cycles {
    /// Milliseconds per picture of each complete cycle.
    complete: Vec<f64>,
    pictures: usize,
    maintaining: Duration,
}

impl Cycles {
    fn add(&mut self, pictures: usize, cost: &BatchCost) {
        self.pictures += pictures;
        self.maintaining += cost.maintaining;
        if cost.rebuilt {
            let cycle = std::mem::take(self);
            self.complete = cycle.complete;
            self.complete
                .push(per_picture(cycle.maintaining, cycle.pictures));
        }
    }
}

fn per_picture(time: Duration, pictures: usize) -> f64 {
    time.as_secs_f64() * 1000.0 / pictures as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rebuild_counts_for_the_pictures_since_the_last_one() {
        let mut cycles = Cycles::default();
        let mut add = |maintaining, rebuilt| {
            let cost = BatchCost {
                publishing: Duration::from_secs(9),
                maintaining: Duration::from_millis(maintaining),
                rebuilt,
            };
            cycles.add(50, &cost);
        };
        add(10, false);
        add(90, true);
        add(20, false);
        add(0, false);
        add(0, false);
        add(180, true);
        add(7, false);
        assert_eq!(cycles.complete, [1.0, 1.0]);
    }
}
