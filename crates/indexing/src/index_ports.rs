//! What the indexer needs from outside.

use std::sync::Arc;

use lookalike_core::encoders::Encoders;
use lookalike_core::host::Host;
use lookalike_core::ports::{
    EncoderStore, Failures, Generations, ImageRecords, ImageStore, Manifests, Metrics, Products,
    SegmentStore, Segments,
};
use lookalike_core::vector_base::{VectorBase, VectorBaseWriter};

/// The ports that the indexer needs.
#[derive(Clone)]
pub struct IndexPorts {
    /// The encoders.
    pub encoders: Encoders,
    /// The catalog images.
    pub images: Arc<dyn ImageStore>,
    /// The manifest.
    pub manifests: Arc<dyn Manifests>,
    /// The manifests of replaced generations.
    pub generations: Arc<dyn Generations>,
    /// The segments.
    pub segments: Arc<dyn Segments>,
    /// The segments again, to list and remove.
    pub shelf: Arc<dyn SegmentStore>,
    /// The encoders that are stored beside the index, to list and remove.
    pub encoder_store: Arc<dyn EncoderStore>,
    /// The metadata of the products.
    pub products: Arc<dyn Products>,
    /// Where outcomes are recorded.
    pub records: Arc<dyn ImageRecords>,
    /// Where failures are found again.
    pub failures: Arc<dyn Failures>,
    /// The rows of vector bases.
    pub vector_base: Arc<dyn VectorBase>,
    /// The vector bases again, to write to.
    pub vector_base_writer: Arc<dyn VectorBaseWriter>,
    /// The operator's dashboard.
    pub metrics: Arc<dyn Metrics>,
    /// The time of day and random numbers.
    pub host: Arc<dyn Host>,
}
