use std::fmt;

use sha2::{Digest, Sha256};

use crate::decode;
use crate::encoder::{self, EMBEDDED_CONFIG, EMBEDDED_MODEL, EMBEDDED_NAME};
use crate::graph::Graph;
use crate::preprocessing::Preprocessing;
use crate::{Area, LoadError, PictureError, Tail, View, preprocessor_config};
use lookalike_network::Network;

/// Ends of stages whose averages are put beside the pooled features: the last ones.
const STAGES: usize = 2;

/// A network up to its pooled features, and its preprocessing: what fine-tuning builds on. Made from any
/// encoder; of one that was fine-tuned before, the tail is left out. Beside the pooled features come the
/// averaged feature maps at which the last stages of a residual network end, where it has any.
pub struct Backbone {
    name: String,
    sha256: [u8; 32],
    config: Vec<u8>,
    metadata: Vec<(String, String)>,
    graph: Graph,
    /// Values that are averaged beside the network's output.
    stages: Vec<String>,
    /// Number of the network's own pooled features, then of each stage's.
    blocks: Vec<usize>,
    network: Network,
    preprocessing: Preprocessing,
    fingerprint: [u8; 32],
}

impl Backbone {
    /// The backbone of the encoder that is part of the binary.
    ///
    /// # Errors
    /// None with an intact build.
    pub fn embedded() -> Result<Backbone, LoadError> {
        Backbone::from_parts(EMBEDDED_NAME, EMBEDDED_MODEL, EMBEDDED_CONFIG)
    }

    /// The backbone of an encoder, from the bytes of its ONNX file and of its
    /// `preprocessor_config.json`, as [`crate::Encoder::from_parts`] takes them.
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
            // A network may add what are no feature maps: those are left out.
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

    /// The name given when it was built.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 of the ONNX file it was made from.
    pub fn file_sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// The entries `lookalike.*` in the metadata of the ONNX file it was made from: key and value.
    pub fn metadata(&self) -> &[(String, String)] {
        &self.metadata
    }

    /// The bytes of its `preprocessor_config.json`.
    pub fn preprocessor_config(&self) -> &[u8] {
        &self.config
    }

    /// SHA-256 over the network without a tail and its preprocessing. Features compare only within one
    /// fingerprint. An encoder and one fine-tuned from it have the same.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// Number of features that [`Backbone::pool`] gives.
    pub fn features(&self) -> usize {
        self.network.dimensions()
    }

    /// How many of them are the network's own pooled features, which come first, and how many those of
    /// each stage after them.
    pub fn blocks(&self) -> &[usize] {
        &self.blocks
    }

    /// Names of the values in the network whose averages are the others.
    pub fn stages(&self) -> &[String] {
        &self.stages
    }

    /// The features of several views of a picture file, `[features]` numbers each, as the network
    /// gives them. The picture is decoded once, or
    /// once more for views so close that they need more of it.
    ///
    /// # Errors
    /// [`PictureError`] says what is wrong with the picture.
    pub fn pool(&self, picture: &[u8], views: &[View]) -> Result<Vec<Vec<f32>>, PictureError> {
        let how = &self.preprocessing;
        let area = Area::default();
        let first = views.first().unwrap_or(&View::PLAIN);
        let mut decoded = decode::for_view(picture, how, first, &area)?;
        let pool = |view: &View| {
            // A view looks the same beside whatever others; most ask for the same decode.
            if !decoded.suits(how, view) {
                decoded = decode::for_view(picture, how, view, &area)?;
            }
            let pixels = encoder::pixels(&decoded, how, view)?;
            let features = self.network.run(&pixels).map_err(PictureError::Network)?;
            if features.iter().any(|feature| !feature.is_finite()) {
                let reason = "expected finite features, found others".to_owned();
                return Err(PictureError::Network(reason));
            }
            Ok(features)
        };
        views.iter().map(pool).collect()
    }

    /// The bytes of an ONNX file that holds this network and the tail behind it; `metadata` become
    /// entries `lookalike.*` of it.
    ///
    /// # Errors
    /// When the tail takes another number of features, or the file's operator set is too old.
    pub fn join(&self, tail: &Tail, metadata: &[(&str, &str)]) -> Result<Vec<u8>, LoadError> {
        if !tail.takes(self.features()) {
            return Err(LoadError::Model {
                reason: format!("the tail does not take {} features", self.features()),
            });
        }
        let metadata: Vec<(String, String)> = metadata
            .iter()
            .map(|(key, value)| (format!("lookalike.{key}"), (*value).to_owned()))
            .collect();
        let joined = self
            .graph
            .clone()
            .join(&self.stages, Some(tail), &metadata)?;
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
