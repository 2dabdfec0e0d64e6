//! Finding look-alikes.
//!
//! [`Searcher`] embeds a query while the index loads, searches one snapshot, and joins what it found
//! with the products' metadata and links to their pictures.

mod answer;
mod lookups;
mod snapshots;
mod worker;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use lookalike_encoder::{MAX_BYTES, PictureError};
use lookalike_index::{Attributes, Hit, IndexError, SearchRequest};
use tracing::info;

pub use answer::{
    Answer, FoundProduct, IndexInfo, IndexState, MAX_K, ProductView, QueryTimings, SearchError,
    SearchOptions, SegmentInfo,
};

use crate::embedder::{EmbedError, EmbedderCell};
use crate::keys::is_allowed_query_key;
use crate::model::Metadata;
use crate::ports::{
    Failures, Links, Manifests, Measurement, Metrics, Pictures, Products, Segments, Unit,
};
use snapshots::{Loaded, Snapshots};
use worker::off_runtime;

/// Pictures of one product that a search for similar products starts from, at most.
const MOST_QUERY_PICTURES: usize = 16;

/// What the searcher needs from the world.
#[derive(Clone)]
pub struct SearchPorts {
    /// The encoder.
    pub embedder: EmbedderCell,
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
    snapshots: Snapshots,
}

impl Searcher {
    /// A searcher; nothing is loaded before the first search or [`warm_up`](Self::warm_up).
    pub fn new(ports: SearchPorts, settings: SearchSettings) -> Self {
        let snapshots = Snapshots::new(
            Arc::clone(&ports.manifests),
            Arc::clone(&ports.segments),
            Arc::clone(&ports.metrics),
            settings.refresh,
        );
        Self { ports, snapshots }
    }

    /// Loads encoder and index at the same time. A failure is only logged: the first search tries
    /// again and can tell the caller.
    pub async fn warm_up(&self) {
        let (embedder, index) = tokio::join!(self.ports.embedder.get(), self.snapshots.current());
        if let Err(reason) = embedder {
            info!(reason, "the encoder is not ready yet");
        }
        if let Err(error) = index {
            info!(%error, "the index is not ready yet");
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
        let embedding = async {
            let begun = Instant::now();
            let vector = self.ports.embedder.embed(picture).await?;
            Ok((vector, milliseconds(begun)))
        };
        // On a cold start the index loads while the picture is embedded.
        let (embedding, loaded) = tokio::join!(embedding, self.snapshots.current());
        let (vector, embedding_ms): (Vec<f32>, f64) = embedding.map_err(search_error)?;
        let loaded = loaded?;
        self.expect_own_encoder(&loaded).await?;
        self.answer(loaded, vec![vector], None, options, embedding_ms)
            .await
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
        let queries: Vec<Vec<f32>> = off_runtime(move || {
            let rows = snapshot.rows_of_product(&wanted);
            let rows = rows.take(MOST_QUERY_PICTURES);
            rows.map(|location| snapshot.embedding(location)).collect()
        })
        .await?;
        if queries.is_empty() {
            return Err(SearchError::UnknownProduct(product_id.to_owned()));
        }
        let without = Some(product_id.to_owned());
        self.answer(loaded, queries, without, options, 0.0).await
    }

    /// Refuses to compare a query with vectors of another encoder.
    async fn expect_own_encoder(&self, loaded: &Loaded) -> Result<(), SearchError> {
        let embedder = self.ports.embedder.get().await;
        let expected = embedder.map_err(SearchError::Encoder)?.fingerprint();
        let found = loaded.manifest.fingerprint;
        if loaded.manifest.generation == 0 || found == expected {
            return Ok(());
        }
        Err(SearchError::OtherEncoder { expected, found })
    }

    async fn answer(
        &self,
        loaded: Loaded,
        queries: Vec<Vec<f32>>,
        without: Option<String>,
        options: SearchOptions,
        embedding_ms: f64,
    ) -> Result<Answer, SearchError> {
        let begun = Instant::now();
        let index = loaded.state();
        let snapshot = Arc::clone(&loaded.snapshot);
        let find = move || {
            let mut hits = Vec::new();
            for vector in &queries {
                hits.extend(snapshot.search(SearchRequest {
                    vector,
                    k: options.k,
                    min_score: options.min_score,
                    without_product: without.as_deref(),
                })?);
            }
            Ok::<_, IndexError>(best_per_product(hits, options.k))
        };
        let hits = if index.images == 0 {
            Vec::new()
        } else {
            off_runtime(find).await?.map_err(query_error)?
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
        self.ports.metrics.emit(&[
            time("QueryEmbedTime", timings.embedding_ms),
            time("SearchTime", timings.search_ms),
        ]);
        Ok(Answer {
            results: self.hydrate(hits).await?,
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

fn search_error(error: EmbedError) -> SearchError {
    match error {
        EmbedError::Picture(error) => error.into(),
        EmbedError::Encoder(reason) => SearchError::Encoder(reason),
    }
}
