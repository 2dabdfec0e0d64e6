//! Finding look-alikes.
//!
//! [`Searcher`] embeds a query while the index loads, searches one snapshot, and joins what it found
//! with the products' metadata and links to their pictures. A query is always embedded with the encoder
//! that made the snapshot: when the index that was loaded turns out to be of another encoder than the
//! one that was guessed, the query is embedded again.

mod answer;
mod lookups;
mod snapshots;
mod worker;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use lookalike_encoder::{MAX_BYTES, PictureError};
use lookalike_index::{
    Attributes, Fingerprint, Hit, IndexError, Location, SearchRequest, Snapshot,
};
use tokio::sync::Semaphore;
use tracing::info;

pub use answer::{
    Answer, EncoderInfo, FoundProduct, IndexInfo, IndexState, MAX_K, ProductView, QueryTimings,
    SearchError, SearchOptions, SegmentInfo, SideInfo,
};

use crate::embedder::{EmbedError, cores, embed};
use crate::encoders::{Encoders, NoEncoder};
use crate::keys::is_allowed_query_key;
use crate::model::Metadata;
use crate::ports::{
    Embedder, Failures, Links, Manifests, Measurement, Metrics, Pictures, Products, Segments, Unit,
};
use crate::start_up;
use snapshots::{Loaded, Snapshots};
use worker::off_runtime;

/// Pictures of one product that a search for similar products starts from, at most.
const MOST_QUERY_PICTURES: usize = 16;

/// Rows that are grouped by product in less than a millisecond, once in the life of a segment.
const FEW_ROWS: u64 = 1 << 17;

/// What the searcher needs from the world.
#[derive(Clone)]
pub struct SearchPorts {
    /// The encoders.
    pub encoders: Encoders,
    /// The catalog and shoppers' pictures.
    pub pictures: Arc<dyn Pictures>,
    /// Links to them.
    pub links: Arc<dyn Links>,
    /// The manifest.
    pub manifests: Arc<dyn Manifests>,
    /// The segments.
    pub segments: Arc<dyn Segments>,
    /// The products' metadata.
    pub products: Arc<dyn Products>,
    /// The pictures that could not be indexed.
    pub failures: Arc<dyn Failures>,
    /// The operator's dashboard.
    pub metrics: Arc<dyn Metrics>,
}

/// How the searcher works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchSettings {
    /// The index is checked for a newer generation at most this often.
    pub refresh: Duration,
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self {
            refresh: Duration::from_secs(1),
        }
    }
}

/// Answers searches.
pub struct Searcher {
    ports: SearchPorts,
    /// Pictures are embedded one per core, and one more, so that no core waits while the next is handed over: of
    /// two cores, that is an eighth more pictures. Many at once are no faster, and a decoded picture may take
    /// hundreds of megabytes.
    embedding: Arc<Semaphore>,
    snapshots: Snapshots,
}

impl Searcher {
    /// A searcher; nothing is loaded before the first search or [`warm_up`](Self::warm_up).
    pub fn new(ports: SearchPorts, settings: SearchSettings) -> Self {
        let snapshots = Snapshots::new(
            Arc::clone(&ports.manifests),
            Arc::clone(&ports.segments),
            Arc::clone(&ports.metrics),
            ports.encoders.clone(),
            settings.refresh,
        );
        Self {
            ports,
            embedding: Arc::new(Semaphore::new(cores() + 1)),
            snapshots,
        }
    }

    /// Loads encoder and index at the same time. A failure is only logged: the first search tries
    /// again and can tell the caller.
    pub async fn warm_up(&self) {
        let (embedder, index) =
            tokio::join!(self.ports.encoders.configured(), self.snapshots.current());
        if let Err(error) = &embedder {
            info!(%error, "the encoder is not ready yet");
        }
        match index {
            Ok(loaded) if loaded.manifest.generation > 0 && embedder.is_ok() => {
                let embedder = self.ports.encoders.of(loaded.manifest.fingerprint).await;
                if let Err(error) = embedder {
                    info!(%error, "the encoder of the index is not ready yet");
                }
            }
            Ok(_) => {}
            Err(error) => info!(%error, "the index is not ready yet"),
        }
    }

    /// The products that look most like a picture.
    ///
    /// # Errors
    /// [`SearchError`]; the picture, the options, the index or a store may be at fault.
    pub async fn search_picture(
        &self,
        picture: Bytes,
        options: SearchOptions,
    ) -> Result<Answer, SearchError> {
        check(options)?;
        // On a cold start the index loads while the picture is embedded, with the encoder that the index
        // most likely has.
        let (guess, loaded) = tokio::join!(
            self.embed_guessing(picture.clone()),
            self.snapshots.current()
        );
        let (guess, loaded) = match (guess, loaded) {
            // A bad picture is bad whatever the index.
            (
                Query {
                    vector: Err(bad @ SearchError::Picture(_)),
                    ..
                },
                Err(_),
            ) => return Err(bad),
            (guess, loaded) => (guess, loaded?),
        };
        let made_by = loaded.manifest.fingerprint;
        let query = match loaded.manifest.generation == 0 || guess.tried == Some(made_by) {
            true => guess,
            false => {
                let embedder = self.ports.encoders.of(made_by).await;
                self.embed_with(embedder.map_err(no_encoder)?, picture)
                    .await
            }
        };
        let vector = query.vector?;
        if let Some(tried) = query.tried {
            expect_encoder(&loaded, tried)?;
        }
        let vector = QueryVector {
            vector,
            stored: None,
        };
        self.answer(loaded, vec![vector], None, options, query.embedding_ms)
            .await
    }

    /// Embeds a query with the encoder of the snapshot at hand, else with the configured one.
    async fn embed_guessing(&self, picture: Bytes) -> Query {
        let known = self.snapshots.fingerprint();
        let embedder = match known {
            Some(known) => self.ports.encoders.of(known).await,
            None => self.ports.encoders.configured().await,
        };
        match embedder {
            Ok(embedder) => self.embed_with(embedder, picture).await,
            Err(error) => Query {
                tried: known,
                vector: Err(no_encoder(error)),
                embedding_ms: 0.0,
            },
        }
    }

    async fn embed_with(&self, embedder: Arc<dyn Embedder>, picture: Bytes) -> Query {
        let slot = Arc::clone(&self.embedding).acquire_owned().await;
        let begun = Instant::now();
        Query {
            tried: Some(embedder.fingerprint()),
            vector: embed(embedder, picture, slot).await.map_err(search_error),
            embedding_ms: milliseconds(begun),
        }
    }

    /// The products that look most like the picture stored at `key`, under `uploads/` or `catalog/`.
    ///
    /// # Errors
    /// [`SearchError`], among them [`SearchError::ForbiddenKey`] and [`SearchError::UnknownKey`].
    pub async fn search_key(
        &self,
        key: &str,
        options: SearchOptions,
    ) -> Result<Answer, SearchError> {
        check(options)?;
        if !is_allowed_query_key(key) {
            return Err(SearchError::ForbiddenKey(key.to_owned()));
        }
        let picture = self.ports.pictures.get(key, MAX_BYTES as u64).await?;
        let picture = picture.ok_or_else(|| SearchError::UnknownKey(key.to_owned()))?;
        match picture.body {
            Some(body) => self.search_picture(body, options).await,
            None => Err(SearchError::Picture(PictureError::TooManyBytes {
                bytes: picture.head.bytes as usize,
                limit: MAX_BYTES,
            })),
        }
    }

    /// The products that look most like any picture of `product_id`, without itself. Nothing is
    /// embedded: the stored embeddings are the queries.
    ///
    /// # Errors
    /// [`SearchError`], among them [`SearchError::UnknownProduct`].
    pub async fn similar(
        &self,
        product_id: &str,
        options: SearchOptions,
    ) -> Result<Answer, SearchError> {
        check(options)?;
        let loaded = self.snapshots.current().await?;
        let (snapshot, wanted) = (Arc::clone(&loaded.snapshot), product_id.to_owned());
        let pictures = move || -> Vec<QueryVector> {
            let rows = snapshot.rows_of_product(&wanted);
            let vector = |row| QueryVector {
                vector: snapshot.embedding(row),
                stored: Some(row),
            };
            rows.take(MOST_QUERY_PICTURES).map(vector).collect()
        };
        // The first look for a product of a generation groups all rows.
        let queries = match loaded.snapshot.rows() {
            0..=FEW_ROWS => pictures(),
            _ => off_runtime(pictures).await?,
        };
        if queries.is_empty() {
            return Err(SearchError::UnknownProduct(product_id.to_owned()));
        }
        let without = Some(product_id.to_owned());
        self.answer(loaded, queries, without, options, 0.0).await
    }

    async fn answer(
        &self,
        loaded: Loaded,
        queries: Vec<QueryVector>,
        without: Option<String>,
        options: SearchOptions,
        embedding_ms: f64,
    ) -> Result<Answer, SearchError> {
        let begun = Instant::now();
        let index = loaded.state();
        let hits = if index.images == 0 {
            Vec::new()
        } else {
            find(&loaded.snapshot, queries, without, options).await?
        };
        let timings = QueryTimings {
            embedding_ms,
            search_ms: milliseconds(begun),
        };
        let time = |name, value| Measurement {
            name,
            unit: Unit::Milliseconds,
            value,
        };
        let mut times = vec![time("SearchTime", timings.search_ms)];
        // A search from stored embeddings embeds nothing: a zero would drag the mean down.
        if timings.embedding_ms > 0.0 {
            times.push(time("QueryEmbedTime", timings.embedding_ms));
        }
        self.ports.metrics.emit(&times);
        let results = self.hydrate(hits).await?;
        start_up::answered();
        Ok(Answer {
            results,
            index,
            timings,
        })
    }

    /// Adds metadata and links.
    async fn hydrate(&self, hits: Vec<Hit>) -> Result<Vec<FoundProduct>, SearchError> {
        if hits.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<String> = hits.iter().map(|hit| hit.product_id.clone()).collect();
        let mut known = self.ports.products.get_many(&ids).await?;
        let mut results = Vec::with_capacity(hits.len());
        for hit in hits {
            let metadata = known.remove(&hit.product_id).unwrap_or_default();
            results.push(FoundProduct {
                image_url: self.ports.links.fetch(&hit.key).await?,
                image_key: hit.key,
                score: hit.score,
                metadata: with_attributes(metadata, hit.attributes),
                product_id: hit.product_id,
            });
        }
        Ok(results)
    }
}

/// The best pictures of the products that look most like any of the queries, without one product.
async fn find(
    snapshot: &Arc<Snapshot>,
    queries: Vec<QueryVector>,
    without: Option<String>,
    options: SearchOptions,
) -> Result<Vec<Hit>, SearchError> {
    fn request<'a>(
        query: &'a QueryVector,
        without: &'a Option<String>,
        options: SearchOptions,
    ) -> SearchRequest<'a> {
        SearchRequest {
            vector: &query.vector,
            k: options.k,
            min_score: options.min_score,
            without_product: without.as_deref(),
            stored: query.stored,
        }
    }
    // Handing a brief search to another thread and back would take as long as the search.
    if let [query] = &queries[..] {
        let found = snapshot.search_briefly(request(query, &without, options));
        if let Some(hits) = found.map_err(query_error)? {
            return Ok(hits);
        }
    }
    let snapshot = Arc::clone(snapshot);
    let all = off_runtime(move || {
        let mut hits = Vec::new();
        for query in &queries {
            hits.extend(snapshot.search(request(query, &without, options))?);
        }
        Ok(best_per_product(hits, options.k))
    });
    all.await?.map_err(query_error)
}

/// What is looked for.
struct QueryVector {
    vector: Vec<f32>,
    /// The row whose embedding it is, if it is one's.
    stored: Option<Location>,
}

/// A query picture, embedded or not.
struct Query {
    /// With which encoder; none when it is not known which that would have been.
    tried: Option<Fingerprint>,
    vector: Result<Vec<f32>, SearchError>,
    embedding_ms: f64,
}

/// Refuses to compare a query with vectors of another encoder.
fn expect_encoder(loaded: &Loaded, expected: Fingerprint) -> Result<(), SearchError> {
    let found = loaded.manifest.fingerprint;
    if loaded.manifest.generation == 0 || found == expected {
        return Ok(());
    }
    Err(SearchError::OtherEncoder { expected, found })
}

fn check(options: SearchOptions) -> Result<(), SearchError> {
    if !(1..=MAX_K).contains(&options.k) {
        return Err(SearchError::KOutOfRange(options.k));
    }
    if !(-1.0..=1.0).contains(&options.min_score) {
        return Err(SearchError::MinScoreOutOfRange(options.min_score));
    }
    Ok(())
}

/// Joins the hits of several queries: every product once, at its best.
fn best_per_product(mut hits: Vec<Hit>, k: usize) -> Vec<Hit> {
    hits.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.key.cmp(&b.key)));
    let mut seen = HashSet::new();
    hits.retain(|hit| seen.insert(hit.product_id.clone()));
    hits.truncate(k);
    hits
}

/// What the picture itself says, wherever the table says nothing.
fn with_attributes(mut metadata: Metadata, attributes: Attributes) -> Metadata {
    for (name, value) in attributes {
        metadata.entry(name).or_insert(value);
    }
    metadata
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// A picture without a direction in the space of embeddings is no fault of the index.
fn query_error(error: IndexError) -> SearchError {
    match error {
        IndexError::NoDirection => PictureError::Network(error.to_string()).into(),
        error => error.into(),
    }
}

/// Why there is no encoder, for whoever searches.
pub(crate) fn no_encoder(error: NoEncoder) -> SearchError {
    match error {
        NoEncoder::Missing { configured, wanted } => SearchError::OtherEncoder {
            expected: configured,
            found: wanted,
        },
        NoEncoder::Store(error) => SearchError::Store(error),
        NoEncoder::Configured(_) | NoEncoder::Unusable { .. } => {
            SearchError::Encoder(error.to_string())
        }
    }
}

fn search_error(error: EmbedError) -> SearchError {
    match error {
        EmbedError::Picture(error) => error.into(),
        EmbedError::Encoder(reason) => SearchError::Encoder(reason),
    }
}
