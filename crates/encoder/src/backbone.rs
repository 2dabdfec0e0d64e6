use std::fmt;

use sha2::{Digest, Sha256};

use lookalike_inference::{LoadError, Network};

use crate::area::Area;
use crate::augmentation::Augmentation;
use crate::error::ImageError;
use crate::graph::Graph;
use crate::preprocessing::Preprocessing;
use crate::projection_head::ProjectionHead;
use crate::{decode, embedded, preprocessor_config, tensor};

/// Number of stages, counted from the end, whose averages follow the pooled features.
const STAGES: usize = 2;

/// A network up to its pooled features, and its preprocessing: the basis of fine-tuning. It is made
/// from any encoder; the head of an encoder that was fine-tuned before is left out. The pooled
/// features are followed by the averages of the feature maps at the end of the last stages of a
/// residual network, if it has any.
pub struct Backbone {
    name: String,
    sha256: [u8; 32],
    config: Vec<u8>,
    metadata: Vec<(String, String)>,
    graph: Graph,
    /// Values that are averaged in addition to the network's output.
    stages: Vec<String>,
    /// Number of the network's own pooled features, then of each stage's.
    blocks: Vec<usize>,
    network: Network,
    preprocessing: Preprocessing,
    fingerprint: [u8; 32],
}

impl Backbone {
    /// Returns the backbone of the built-in encoder.
    ///
    /// # Errors
    /// None with an intact build.
    pub fn embedded() -> Result<Backbone, LoadError> {
        Backbone::from_parts(embedded::NAME, embedded::MODEL, embedded::CONFIG)
    }

    /// Makes the backbone of an encoder from the bytes of its ONNX file and of its
    /// `preprocessor_config.json`, like [`crate::Encoder::from_parts`].
    ///
    /// # Errors
    /// [`LoadError`] names the file and the field or shape that cannot be used.
    pub fn from_parts(
        name: &str,
        onnx: &[u8],
        preprocessor_config: &[u8],
    ) -> Result<Backbone, LoadError> {
        let preprocessing = preprocessor_config::parse(preprocessor_config)?;
        let whole = Graph::parse(onnx)?;
        let metadata = whole.metadata();
        let graph = whole.cut()?;
        let load = |stages: &[String]| {
            let features = graph.clone().join(stages, None, &[])?.encode();
            let network = Network::load(&features, preprocessing.shape())?;
            Ok::<_, LoadError>((network, Sha256::digest(&features)))
        };
        let (mut network, mut sha256) = load(&[])?;
        let mut blocks = vec![network.dimensions()];
        let mut stages = Vec::new();
        let ends = graph.stages();
        for end in &ends[ends.len().saturating_sub(STAGES)..] {
            let more = [stages.as_slice(), std::slice::from_ref(end)].concat();
            // A network may add values that are not feature maps, which cannot be averaged.
            let Ok(loaded) = load(&more) else { continue };
            blocks.push(loaded.0.dimensions() - network.dimensions());
            (network, sha256) = loaded;
            stages = more;
        }
        let fingerprint = preprocessing.fingerprint(sha256.into());
        Ok(Backbone {
            name: name.to_owned(),
            sha256: Sha256::digest(onnx).into(),
            config: preprocessor_config.to_vec(),
            metadata,
            graph,
            stages,
            blocks,
            network,
            preprocessing,
            fingerprint,
        })
    }

    /// Returns the name given when it was built.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the SHA-256 of the ONNX file that it was made from.
    pub fn file_sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// Returns the entries `lookalike.*` in the metadata of the ONNX file that it was made from:
    /// key and value.
    pub fn metadata(&self) -> &[(String, String)] {
        &self.metadata
    }

    /// Returns the bytes of its `preprocessor_config.json`.
    pub fn preprocessor_config(&self) -> &[u8] {
        &self.config
    }

    /// Returns the SHA-256 over the network without a head and its preprocessing. Features are
    /// comparable only within one fingerprint. An encoder and one fine-tuned from it have the same.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// Returns the number of features of [`Backbone::pool`].
    pub fn features(&self) -> usize {
        self.network.dimensions()
    }

    /// Returns the number of the network's own pooled features, which come first, then of the
    /// features of each stage.
    pub fn blocks(&self) -> &[usize] {
        &self.blocks
    }

    /// Returns the names of the network's values whose averages follow its own pooled features.
    pub fn stages(&self) -> &[String] {
        &self.stages
    }

    /// Returns the features of several augmentations of an image file, `[features]` numbers each,
    /// as the network computes them. The image is decoded once, and again for augmentations that
    /// need more of its pixels.
    ///
    /// # Errors
    /// [`ImageError`] describes the fault of the image.
    pub fn pool(
        &self,
        image: &[u8],
        augmentations: &[Augmentation],
    ) -> Result<Vec<Vec<f32>>, ImageError> {
        let preprocessing = &self.preprocessing;
        let area = Area::default();
        let first = augmentations.first().unwrap_or(&Augmentation::NONE);
        let mut decoded = decode::decode_area(image, preprocessing, first, &area)?;
        let pool = |augmentation: &Augmentation| {
            // The features of an augmentation must not depend on the others in the list; most of
            // them share one decode.
            if !decoded.suits(preprocessing, augmentation) {
                decoded = decode::decode_area(image, preprocessing, augmentation, &area)?;
            }
            let pixels = tensor::pixels(&decoded, preprocessing, augmentation)?;
            let features = self.network.run(&pixels).map_err(ImageError::Inference)?;
            if features.iter().any(|feature| !feature.is_finite()) {
                let reason = "expected finite features, found others".to_owned();
                return Err(ImageError::Inference(reason));
            }
            Ok(features)
        };
        augmentations.iter().map(pool).collect()
    }

    /// Returns the bytes of an ONNX file that contains this network and the head behind it;
    /// `metadata` becomes its entries `lookalike.*`.
    ///
    /// # Errors
    /// If the head takes another number of features, or the file's operator set is too old.
    pub fn join(
        &self,
        head: &ProjectionHead,
        metadata: &[(&str, &str)],
    ) -> Result<Vec<u8>, LoadError> {
        if !head.takes(self.features()) {
            return Err(LoadError::Model {
                reason: format!("the head does not take {} features", self.features()),
            });
        }
        let metadata: Vec<(String, String)> = metadata
            .iter()
            .map(|(key, value)| (format!("lookalike.{key}"), (*value).to_owned()))
            .collect();
        let joined = self
            .graph
            .clone()
            .join(&self.stages, Some(head), &metadata)?;
        Ok(joined.encode())
    }
}

impl fmt::Debug for Backbone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Backbone")
            .field("name", &self.name)
            .field("features", &self.features())
            .field("preprocessing", &self.preprocessing)
            .finish_non_exhaustive()
    }
}
