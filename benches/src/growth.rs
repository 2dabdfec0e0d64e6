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
    /// Fail when a picture of the last thousand costs more than this many of the first.
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
    async fn batch(
        &self,
        numbers: std::ops::Range<usize>,
    ) -> Result<(Duration, Duration), AnyError> {
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
        let indexed = begun.elapsed();
        self.indexer.maintain(deadline).await?;
        Ok((indexed, begun.elapsed() - indexed))
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
        "| pictures | ms per picture, published | ms per picture, maintenance | index bytes | segments | query ms |"
    );
    println!("|---|---|---|---|---|---|");
    let mut costs = Vec::new();
    for thousand in 0..arguments.pictures / 1000 {
        let (mut publishing, mut maintaining) = (Duration::ZERO, Duration::ZERO);
        let (first, last) = (thousand * 1000, (thousand + 1) * 1000);
        for start in (first..last).step_by(arguments.batch) {
            let numbers = start..(start + arguments.batch).min(last);
            let (published, maintained) = bench.batch(numbers).await?;
            publishing += published;
            maintaining += maintained;
        }
        let query = bench.query_ms().await?;
        let info = bench.searcher.index_info().await?;
        let bytes: u64 = info.segments.iter().map(|segment| segment.bytes).sum();
        println!(
            "| {last} | {:.3} | {:.3} | {bytes} | {} | {query:.3} |",
            publishing.as_secs_f64(),
            maintaining.as_secs_f64(),
            info.segments.len(),
        );
        costs.push((publishing + maintaining).as_secs_f64());
    }
    let (Some(first), Some(last)) = (costs.first(), costs.last()) else {
        return Err("--pictures must be at least 1000".into());
    };
    let ratio = last / first;
    println!(
        "\nlast thousand to first: {ratio:.2}, at most {} is asked for",
        arguments.most
    );
    if ratio > arguments.most {
        return Err("the cost of a picture grew with the catalog".into());
    }
    Ok(())
}
