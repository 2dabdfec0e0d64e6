//! Finding look-alikes.
//!
//! [`Searcher`] embeds a query while the index loads, searches one snapshot, and joins what it found
//! with the products' metadata and links to their pictures. A query is always embedded with the encoder
//! that made the snapshot: when the index that was loaded turns out to be of another encoder than the
//! one that was guessed, the query is embedded again.
//!
//! | file | what it is about |
//! |---|---|
//! | `query`, `options` | what callers ask for |
//! | `images` | the images of a query, read and within the limits of one request |
//! | `vectors` | from the items of a query to what the index is searched for |
//! | `finding` | what the index finds, and all that narrows it down |
//! | `page`, `cursor` | which of it comes next, in which order |
//! | `work` | all of this, one after the other |
//! | `snapshots` | the index, loaded |
//! | `hydrating`, `answer` | what callers get |

mod answer;
mod audit;
mod cursor;
mod export;
mod finding;
mod hydrating;
mod image_state;
mod images;
mod lookups;
mod options;
mod page;
mod query;
mod snapshots;
mod vectors;
mod work;
mod worker;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use lookalike_encoder::{Area, ImageError};
use lookalike_index::IndexError;
use tracing::info;

pub use answer::{
    Answer, EncoderInfo, FacetValue, FilterableInfo, FoundImage, FoundProduct, GenerationInfo,
    IndexInfo, IndexState, ProductView, QueryTimings, SearchError, SegmentInfo, SideInfo,
};
pub use audit::{
    AuditError, AuditOptions, AuditReport, AuditedGroup, AuditedPicture, Contradiction, Listed,
    MisplacedPicture, StaleRecord,
};
pub use export::{Exported, Exporter, SimilarProduct};
pub use image_state::{ImageState, ImageView};
pub use options::{GroupBy, Images, MAX_FACETS, MAX_FIELDS, MAX_K, SearchOptions};
pub use query::{BadQuery, MAX_QUERY_ITEMS, MAX_WEIGHT, Query, QueryItem};

use crate::embedder::{EmbedError, EmbeddingSlots, cores};
use crate::encoders::{Encoders, NoEncoder};
use crate::filterable::Filterable;
use crate::memory_budget::MemoryBudget;
use crate::model::NewestFailures;
use crate::ports::{
    Failures, Links, Manifests, Measurement, Metrics, Pictures, Products, Segments, TableReader,
};
use crate::start_up;
use cursor::{Binding, Cursor};
use finding::Scope;
use hydrating::with_attributes;
use snapshots::{Loaded, Snapshots};
use vectors::Embedded;
use work::{Done, Work, find};
use worker::off_runtime;

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
    /// Products and records, all of them; only looking over the catalog needs it.
    pub table: Arc<dyn TableReader>,
    /// The operator's dashboard.
    pub metrics: Arc<dyn Metrics>,
}

/// How the searcher works.
#[derive(Debug, Clone)]
pub struct SearchSettings {
    /// The index is checked for a newer generation at most this often.
    pub refresh: Duration,
    /// Attributes that may be filtered by although no picture has them.
    pub filterable: Filterable,
    /// Memory for decoding images.
    pub image_memory: MemoryBudget,
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self {
            refresh: Duration::from_secs(1),
            filterable: Filterable::default(),
            image_memory: MemoryBudget::default(),
        }
    }
}

/// Answers searches.
pub struct Searcher {
    ports: SearchPorts,
    /// Pictures are embedded one per core, and one more, so that no core waits while the next is handed over: of
    /// two cores, that is an eighth more pictures. Many at once are no faster.
    slots: EmbeddingSlots,
    snapshots: Snapshots,
    /// The pictures that failed last, and when that was asked.
    failures: Mutex<Option<(Instant, NewestFailures)>>,
    /// How old a snapshot may be.
    refresh: Duration,
    filterable: Filterable,
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
            slots: EmbeddingSlots::new(settings.image_memory, cores() + 1),
            snapshots,
            failures: Mutex::default(),
            refresh: settings.refresh,
            filterable: settings.filterable,
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
    /// As [`search`](Self::search).
    pub async fn search_picture(
        &self,
        picture: Bytes,
        options: SearchOptions,
    ) -> Result<Answer, SearchError> {
        let item = QueryItem::picture(picture, Area::default());
        self.search(&Query::new(vec![item])?, &options).await
    }

    /// The products that look most like the picture stored at `key`, under `uploads/` or `catalog/`.
    ///
    /// # Errors
    /// As [`search`](Self::search), among them [`SearchError::ForbiddenKey`] and [`SearchError::UnknownKey`].
    pub async fn search_key(
        &self,
        key: &str,
        options: SearchOptions,
    ) -> Result<Answer, SearchError> {
        let item = QueryItem::key(key, Area::default());
        self.search(&Query::new(vec![item])?, &options).await
    }

    /// The products that look most like any picture of `product_id`, without itself. Nothing is
    /// embedded: the stored embeddings are the queries.
    ///
    /// # Errors
    /// As [`search`](Self::search), among them [`SearchError::UnknownProduct`].
    pub async fn similar(
        &self,
        product_id: &str,
        options: SearchOptions,
    ) -> Result<Answer, SearchError> {
        let query = Query::new(vec![QueryItem::product(product_id)])?;
        self.search(&query, &options).await
    }

    /// What is most like a query.
    ///
    /// # Errors
    /// [`SearchError`]; the query, the options, the index or a store may be at fault.
    pub async fn search(
        &self,
        query: &Query,
        options: &SearchOptions,
    ) -> Result<Answer, SearchError> {
        options.check()?;
        query.check_keys()?;
        let cursor = options.cursor.as_deref().map(Cursor::decode).transpose()?;
        // On a cold start the index loads while pictures are embedded, with the encoder that the index
        // most likely has.
        let (guess, loaded) = tokio::join!(
            self.embed_guessing(query),
            self.generation_for(options, cursor.as_ref())
        );
        let loaded = match (&guess.vectors, loaded) {
            (_, Ok(loaded)) => loaded,
            // A bad picture is bad whatever the index.
            (Err(bad), Err(_)) if bad.is_about_a_picture() => return Err(bad.clone()),
            (_, Err(error)) => return Err(error),
        };
        let binding = Binding::new(query, options, &loaded.manifest);
        if let Some(cursor) = &cursor {
            cursor.check(&binding, &loaded.snapshot)?;
        }
        let scope = Scope::new(query, options)?;
        let calibration = loaded.calibration().await?;
        let declared = &self.filterable;
        let within = scope.within(&loaded.snapshot, calibration, &options.facets, declared);
        let scope = within.await?;
        let Embedded {
            vectors,
            embedding_ms,
            ..
        } = self.embedded(query, guess, &loaded).await?;
        let wanted = self.combine(query, vectors?, &loaded).await?;
        let work = Work {
            loaded,
            wanted,
            scope,
            calibration,
            cursor,
            binding,
            embedding_ms,
        };
        self.answer(work, options).await
    }

    /// The pictures of a query, embedded with the encoder of the index.
    async fn embedded(
        &self,
        query: &Query,
        guess: Embedded,
        loaded: &Loaded,
    ) -> Result<Embedded, SearchError> {
        let made_by = loaded.manifest.fingerprint;
        let published = loaded.manifest.generation > 0;
        if !published || !query.has_pictures() || guess.tried == Some(made_by) {
            return Ok(guess);
        }
        let embedder = self.ports.encoders.of(made_by).await;
        let embedded = self.embed_with(embedder.map_err(no_encoder)?, query);
        let embedded = embedded.await;
        match embedded.tried {
            Some(tried) if tried != made_by => Err(SearchError::OtherEncoder {
                expected: tried,
                found: made_by,
            }),
            _ => Ok(embedded),
        }
    }

    /// The generation that a search is about: the one that its page is a part of, else the current one, which
    /// has to be new enough.
    async fn generation_for(
        &self,
        options: &SearchOptions,
        cursor: Option<&Cursor>,
    ) -> Result<Loaded, SearchError> {
        let mut loaded = self.snapshots.current().await?;
        let least = options.min_generation.unwrap_or(0);
        let paged = cursor.map_or(0, |cursor| cursor.generation);
        if loaded.manifest.generation < least.max(paged) {
            loaded = self.snapshots.newest().await?;
        }
        let current = loaded.manifest.generation;
        if let Some(&Cursor { generation, .. }) = cursor
            && generation != current
        {
            let expired = SearchError::CursorExpired {
                generation,
                current,
            };
            loaded = self.snapshots.before(generation).ok_or(expired)?;
        }
        let current = loaded.manifest.generation;
        match current < least {
            true => Err(SearchError::NotYetIndexed {
                current,
                wanted: least,
            }),
            false => Ok(loaded),
        }
    }

    async fn answer(&self, work: Work, options: &SearchOptions) -> Result<Answer, SearchError> {
        let begun = Instant::now();
        let index = work.loaded.state();
        let (embedding_ms, calibration) = (work.embedding_ms, work.calibration);
        let Done {
            page,
            facets,
            next_cursor,
        } = find(work, options).await?;
        let timings = QueryTimings {
            embedding_ms,
            search_ms: milliseconds(begun),
        };
        let time = Measurement::milliseconds;
        let mut times = vec![time("SearchTime", timings.search_ms)];
        // A search from stored embeddings embeds nothing: a zero would drag the mean down.
        if timings.embedding_ms > 0.0 {
            times.push(time("QueryEmbedTime", timings.embedding_ms));
        }
        self.ports.metrics.emit(&times);
        let results = self.hydrate(page.results, calibration, options).await?;
        start_up::answered();
        Ok(Answer {
            results,
            exact: page.exact,
            facets,
            next_cursor,
            index,
            timings,
        })
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// A picture without a direction in the space of embeddings is no fault of the index.
fn query_error(error: IndexError) -> SearchError {
    match error {
        IndexError::NoDirection => ImageError::Inference(error.to_string()).into(),
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
        EmbedError::Memory(error) => error.into(),
        EmbedError::Encoder(reason) => SearchError::Encoder(reason),
    }
}
