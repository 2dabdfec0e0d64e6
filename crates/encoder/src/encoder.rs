use std::fmt;

use lookalike_inference::{LoadError, Network};
use sha2::{Digest, Sha256};

use crate::area::Area;
use crate::augmentation::Augmentation;
use crate::error::ImageError;
use crate::preprocessing::Preprocessing;
use crate::{decode, embedded, preprocessor_config, tensor};

/// A network with its preprocessing: turns images into embeddings. Building one from an ONNX file
/// takes a few hundred milliseconds, so build it once; all methods may be called from many threads
/// at the same time.
pub struct Encoder {
    name: String,
    network: Network,
    preprocessing: Preprocessing,
    sha256: [u8; 32],
    fingerprint: [u8; 32],
}

impl Encoder {
    /// Returns the built-in encoder: EfficientNet-Lite0 with a head for goods in general, 256
    /// dimensions.
    ///
    /// # Errors
    /// None with an intact build; it depends on the files in `models/`.
    pub fn embedded() -> Result<Encoder, LoadError> {
        let preprocessing = preprocessor_config::parse(embedded::CONFIG)?;
        let network = Network::compiled(&embedded::NETWORK.0, preprocessing.shape())?;
        let sha256 = *embedded::SHA256;
        Ok(Encoder::new(embedded::NAME, network, sha256, preprocessing))
    }

    /// Makes an encoder from the bytes of an ONNX file and of a `preprocessor_config.json`. The
    /// network takes pixels `[1, 3, height, width]` (or channels last) and returns `[1, D]` or `[1,
    /// D, 1, 1]`.
    ///
    /// # Errors
    /// [`LoadError`] names the file and the field or shape that cannot be used.
    pub fn from_parts(
        name: &str,
        onnx: &[u8],
        preprocessor_config: &[u8],
    ) -> Result<Encoder, LoadError> {
        let preprocessing = preprocessor_config::parse(preprocessor_config)?;
        let network = Network::load(onnx, preprocessing.shape())?;
        let sha256 = Sha256::digest(onnx).into();
        Ok(Encoder::new(name, network, sha256, preprocessing))
    }

    /// Returns name, ONNX file and `preprocessor_config.json` of the built-in encoder.
    pub fn embedded_files() -> (&'static str, &'static [u8], &'static [u8]) {
        (embedded::NAME, embedded::MODEL, embedded::CONFIG)
    }

    /// Returns the fingerprint of the encoder that [`Encoder::from_parts`] makes from these files,
    /// without loading the network.
    ///
    /// # Errors
    /// [`LoadError`] names the field of the preprocessing that cannot be used.
    pub fn fingerprint_of(onnx: &[u8], preprocessor_config: &[u8]) -> Result<[u8; 32], LoadError> {
        let preprocessing = preprocessor_config::parse(preprocessor_config)?;
        Ok(preprocessing.fingerprint(Sha256::digest(onnx).into()))
    }

    fn new(
        name: &str,
        network: Network,
        sha256: [u8; 32],
        preprocessing: Preprocessing,
    ) -> Encoder {
        let fingerprint = preprocessing.fingerprint(sha256);
        Encoder {
            name: name.to_owned(),
            network,
            preprocessing,
            sha256,
            fingerprint,
        }
    }

    /// Returns the network with the preprocessing of the earlier release in which it had this
    /// fingerprint, so that an index of that release stays searchable. Unchanged if no release had
    /// this fingerprint.
    #[must_use]
    pub fn reading_as(self, fingerprint: [u8; 32]) -> Encoder {
        match self.preprocessing.reading_as(fingerprint, self.sha256) {
            Some(preprocessing) => Encoder {
                preprocessing,
                fingerprint,
                ..self
            },
            None => self,
        }
    }

    /// Returns the name given when it was built; the built-in one is `lite0-general`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the SHA-256 over the model's bytes (by their own SHA-256), the preprocessing with
    /// its defaults filled in, and the version of the preprocessing code. Embeddings are comparable
    /// only within one fingerprint.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// Returns the length of an embedding.
    pub fn dimensions(&self) -> usize {
        self.network.dimensions()
    }

    /// Returns the embedding of an image file: `[dimensions]` numbers, finite, of unit length.
    ///
    /// # Errors
    /// [`ImageError`] describes the fault of the image. An output of zeros only is an
    /// [`ImageError::Inference`] too, because zeros have no direction.
    pub fn embed(&self, image: &[u8]) -> Result<Vec<f32>, ImageError> {
        self.embed_area(image, &Area::default())
    }

    /// Returns the embedding of a part of an image file.
    ///
    /// # Errors
    /// The errors of [`Encoder::embed`], and [`ImageError::Crop`] if the box is not inside the
    /// image.
    pub fn embed_area(&self, image: &[u8], area: &Area) -> Result<Vec<f32>, ImageError> {
        let pixels = self.preprocess_area(image, area)?;
        let features = self.network.run(&pixels).map_err(ImageError::Inference)?;
        unit_length(features)
    }

    /// Runs the network on one image's pixels, as returned by [`Encoder::preprocess`]:
    /// `[dimensions]` numbers, not yet of unit length. For tests, and for measuring the network
    /// alone.
    ///
    /// # Errors
    /// [`ImageError::Inference`] if the number of pixels is not the one that the network takes.
    pub fn run(&self, pixels: &[f32]) -> Result<Vec<f32>, ImageError> {
        let expected: usize = self.preprocessing.shape().iter().product();
        if pixels.len() != expected {
            let found = pixels.len();
            let reason = format!("the network takes {expected} numbers, found {found}");
            return Err(ImageError::Inference(reason));
        }
        self.network.run(pixels).map_err(ImageError::Inference)
    }

    /// Returns the network's input for an image file: normalized pixels in the network's shape and
    /// channel order, for tests and tools.
    ///
    /// # Errors
    /// The errors of [`Encoder::embed`].
    pub fn preprocess(&self, image: &[u8]) -> Result<Vec<f32>, ImageError> {
        self.preprocess_area(image, &Area::default())
    }

    /// Returns the network's input for a part of an image file.
    ///
    /// # Errors
    /// The errors of [`Encoder::embed_area`].
    pub fn preprocess_area(&self, image: &[u8], area: &Area) -> Result<Vec<f32>, ImageError> {
        let decoded = decode::decode_area(image, &self.preprocessing, &Augmentation::NONE, area)?;
        tensor::pixels(&decoded, &self.preprocessing, &Augmentation::NONE)
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Encoder")
            .field("name", &self.name)
            .field("dimensions", &self.dimensions())
            .field("preprocessing", &self.preprocessing)
            .finish_non_exhaustive()
    }
}

/// Scales to length one. The sum is an f64, in which squares of f32 neither overflow nor vanish.
fn unit_length(mut features: Vec<f32>) -> Result<Vec<f32>, ImageError> {
    let squares = features.iter().map(|&value| f64::from(value).powi(2));
    let length = squares.sum::<f64>().sqrt();
    if !length.is_finite() || length == 0.0 {
        let reason = format!("expected features of a finite length over 0, found length {length}");
        return Err(ImageError::Inference(reason));
    }
    for value in &mut features {
        *value = (f64::from(*value) / length) as f32;
    }
    Ok(features)
}

#[cfg(test)]
mod tests;
