//! The searcher, its ports and its settings.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lookalike_core::encoder_cell::{EncoderSlots, cores};
use lookalike_core::encoders::Encoders;
use lookalike_core::filterable::Filterable;
use lookalike_core::host::Host;
use lookalike_core::memory_budget::MemoryBudget;
use lookalike_core::model::NewestFailures;
use lookalike_core::ports::{
    Failures, Generations, ImageStore, Manifests, Metrics, Products, Segments, TableReader,
    UrlSigner,
};
use lookalike_core::vector_base::VectorBase;
use tokio::time::Instant;
use tracing::info;

use crate::snapshots::Snapshots;

/// The ports that the searcher needs.
#[derive(Clone)]
pub struct SearchPorts {
    /// The encoders.
    pub encoders: Encoders,
    /// The catalog and shoppers' images.
    pub images: Arc<dyn ImageStore>,
    /// Links to them.
    pub links: Arc<dyn UrlSigner>,
    /// The manifest.
    pub manifests: Arc<dyn Manifests>,
    /// The manifests of replaced generations.
    pub generations: Arc<dyn Generations>,
    /// The segments.
    pub segments: Arc<dyn Segments>,
    /// The products' metadata.
    pub products: Arc<dyn Products>,
    /// The images that could not be indexed.
    pub failures: Arc<dyn Failures>,
    /// All products and records; only the audit needs them.
    pub table: Arc<dyn TableReader>,
    /// The rows of vector bases.
    pub vector_base: Arc<dyn VectorBase>,
    /// Receives measurements for the operator's dashboard.
    pub metrics: Arc<dyn Metrics>,
    /// The time of day and random numbers.
    pub host: Arc<dyn Host>,
}

/// The settings of the searcher.
#[derive(Debug, Clone)]
pub struct SearchSettings {
    /// The index is checked for a newer generation at most this often.
    pub refresh: Duration,
    /// Attributes that filters may use although no image has them.
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
    pub(crate) ports: SearchPorts,
    /// Images are embedded one per core, and one more, so that no core waits while the next is handed over: of
    /// two cores, that is an eighth more images. Many at once are no faster.
    pub(crate) slots: EncoderSlots,
    pub(crate) snapshots: Snapshots,
    /// The images that failed last, and when they were read.
    pub(crate) failures: Mutex<Option<(Instant, NewestFailures)>>,
    /// The greatest age of a snapshot.
    pub(crate) refresh: Duration,
    pub(crate) filterable: Filterable,
}

impl Searcher {
    /// Makes a searcher; nothing is loaded before the first search or [`warm_up`](Self::warm_up).
    pub fn new(ports: SearchPorts, settings: SearchSettings) -> Self {
        let snapshots = Snapshots::new(
            Arc::clone(&ports.manifests),
            Arc::clone(&ports.generations),
            Arc::clone(&ports.segments),
            Arc::clone(&ports.metrics),
            ports.encoders.clone(),
            settings.refresh,
        );
        Self {
            ports,
            slots: EncoderSlots::new(settings.image_memory, cores() + 1),
            snapshots,
            failures: Mutex::default(),
            refresh: settings.refresh,
            filterable: settings.filterable,
        }
    }

    /// Returns the attributes that are declared for filters.
    pub fn filterable(&self) -> &Filterable {
        &self.filterable
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
}
