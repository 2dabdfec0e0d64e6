//! The encoder that a fine-tuned one is compared with.

use std::io;

use lookalike_encoder::{Augmentation, Encoder, ImageError};

use crate::cache::FeatureCache;

/// The encoder that a fine-tuned one is compared with.
#[derive(Debug, Clone)]
pub struct Baseline<'a> {
    /// The encoder.
    pub encoder: &'a Encoder,
    /// The store of its vectors.
    pub cache: FeatureCache,
}

impl Baseline<'_> {
    /// Returns the vector of an image if the cache has it.
    pub(crate) fn cached(&self, content: [u8; 32]) -> Option<Vec<f32>> {
        let dimensions = self.encoder.dimensions();
        self.cache.get(content, &Augmentation::NONE, dimensions)
    }

    /// Returns the vector of an image, and the outcome of keeping it.
    pub(crate) fn vector(
        &self,
        content: [u8; 32],
        bytes: &[u8],
    ) -> Result<(Vec<f32>, io::Result<()>), ImageError> {
        if let Some(vector) = self.cached(content) {
            return Ok((vector, Ok(())));
        }
        let vector = self.encoder.embed(bytes)?;
        let kept = self.cache.put(content, &Augmentation::NONE, &vector);
        Ok((vector, kept))
    }
}
