//! Labelled pictures with their embeddings, computed on every core.

use lookalike_encoder::{Encoder, PictureError};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::labelled::{LabelledPicture, Skipped};

/// SHA-256 of a picture file.
pub type ContentHash = [u8; 32];

/// Pictures that could be embedded, and their vectors by one encoder or several.
#[derive(Debug, Clone)]
pub struct EmbeddedPictures {
    /// The pictures, in the order given.
    pub pictures: Vec<LabelledPicture>,
    /// The content of each.
    pub contents: Vec<ContentHash>,
    /// For each encoder its vectors, `[pictures, dimensions]`, row after row, of unit length.
    pub vectors: Vec<Vec<f32>>,
    /// Pictures that could not be read or embedded.
    pub skipped: Vec<Skipped>,
}

/// A picture's content and its vector by each encoder.
type Embedded = (ContentHash, Vec<Vec<f32>>);

impl EmbeddedPictures {
    /// Embeds pictures with each of the encoders; `on_done` is called after every picture. What one
    /// of the encoders cannot embed is left out for all of them, so that they see the same pictures.
    pub fn embed(
        encoders: &[&Encoder],
        pictures: &[LabelledPicture],
        on_done: impl Fn() + Sync,
    ) -> Self {
        let results: Vec<Result<Embedded, String>> = pictures
            .par_iter()
            .map(|picture| {
                let embedded = embed(encoders, picture);
                on_done();
                embedded
            })
            .collect();
        let mut all = Self {
            pictures: Vec::new(),
            contents: Vec::new(),
            vectors: vec![Vec::new(); encoders.len()],
            skipped: Vec::new(),
        };
        for (picture, result) in pictures.iter().zip(results) {
            match result {
                Ok((content, vectors)) => {
                    all.pictures.push(picture.clone());
                    all.contents.push(content);
                    for (all, one) in all.vectors.iter_mut().zip(vectors) {
                        all.extend(one);
                    }
                }
                Err(reason) => all.skipped.push(Skipped {
                    what: picture.path.display().to_string(),
                    reason,
                }),
            }
        }
        all
    }
}

fn embed(encoders: &[&Encoder], picture: &LabelledPicture) -> Result<Embedded, String> {
    let bytes = std::fs::read(&picture.path).map_err(|error| format!("cannot read: {error}"))?;
    let vectors: Result<Vec<_>, PictureError> = encoders
        .iter()
        .map(|encoder| encoder.embed(&bytes))
        .collect();
    let vectors = vectors.map_err(|error| error.to_string())?;
    Ok((Sha256::digest(&bytes).into(), vectors))
}
