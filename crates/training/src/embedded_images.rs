//! Labeled images with their embeddings, computed on all cores.

use lookalike_encoder::{Encoder, ImageError};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::labeled::LabeledImage;
use crate::skipped::Skipped;

/// SHA-256 of an image file.
pub type ContentHash = [u8; 32];

/// Images that could be embedded, with their vectors by one or several encoders.
#[derive(Debug, Clone)]
pub struct EmbeddedImages {
    /// The images, in the order given.
    pub images: Vec<LabeledImage>,
    /// Content hash of each image.
    pub contents: Vec<ContentHash>,
    /// Vectors of each encoder, `[images, dimensions]`, row after row, of unit length.
    pub vectors: Vec<Vec<f32>>,
    /// Images that could not be read or embedded.
    pub skipped: Vec<Skipped>,
}

/// An image's content hash and its vector by each encoder.
type Embedded = (ContentHash, Vec<Vec<f32>>);

impl EmbeddedImages {
    /// Embeds images with each of the encoders; `on_done` is called after every image. An image
    /// that one of the encoders cannot embed is left out for all of them, so that they see the same
    /// images.
    pub fn embed(
        encoders: &[&Encoder],
        images: &[LabeledImage],
        on_done: impl Fn() + Sync,
    ) -> Self {
        let results: Vec<Result<Embedded, String>> = images
            .par_iter()
            .map(|image| {
                let embedded = embed(encoders, image);
                on_done();
                embedded
            })
            .collect();
        let mut all = Self {
            images: Vec::new(),
            contents: Vec::new(),
            vectors: vec![Vec::new(); encoders.len()],
            skipped: Vec::new(),
        };
        for (image, result) in images.iter().zip(results) {
            match result {
                Ok((content, vectors)) => {
                    all.images.push(image.clone());
                    all.contents.push(content);
                    for (all, one) in all.vectors.iter_mut().zip(vectors) {
                        all.extend(one);
                    }
                }
                Err(reason) => all.skipped.push(Skipped {
                    what: image.path.display().to_string(),
                    reason,
                }),
            }
        }
        all
    }
}

fn embed(encoders: &[&Encoder], image: &LabeledImage) -> Result<Embedded, String> {
    let bytes = std::fs::read(&image.path).map_err(|error| format!("cannot read: {error}"))?;
    let vectors: Result<Vec<_>, ImageError> = encoders
        .iter()
        .map(|encoder| encoder.embed(&bytes))
        .collect();
    let vectors = vectors.map_err(|error| error.to_string())?;
    Ok((Sha256::digest(&bytes).into(), vectors))
}
