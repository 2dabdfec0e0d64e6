//! Similar images of a dataset, and those that may be in the wrong category.

use super::split_off::Pooled;
use crate::embedding::embed;
use crate::error::TrainingError;
use crate::features::Hashed;
use crate::progress::Stop;
use crate::similar_images::{SimilarImages, SuspectImage};

/// Compares the images for training and, after them, those of a folder for validation.
pub(super) fn similar_images(
    training: &Pooled,
    further: Option<&Pooled>,
    stop: &Stop,
) -> Result<SimilarImages, TrainingError> {
    let mut vectors = Vec::new();
    let mut labels = Vec::new();
    let mut dimensions = 0;
    for pooled in std::iter::once(training).chain(further) {
        let (some, length) = embed(&pooled.features, None);
        dimensions = length;
        vectors.extend(some);
        labels.extend(
            pooled
                .images
                .iter()
                .map(|hashed| hashed.image.first_label()),
        );
    }
    SimilarImages::find(&vectors, dimensions, &labels, stop)
}

/// Returns the suspects among images by name; a label that an image has too is no contradiction.
pub(super) fn suspects(similar: &SimilarImages, images: &[&Hashed]) -> Vec<SuspectImage> {
    let suspects = similar.suspects.iter().filter_map(|suspect| {
        let image = &images[suspect.image].image;
        if image.labels().any(|label| label == suspect.suggested) {
            return None;
        }
        Some(SuspectImage {
            name: image.name.clone(),
            category: image.label.clone(),
            suggested: suspect.suggested.clone(),
            votes: suspect.votes,
            neighbors: suspect.neighbors,
        })
    });
    suspects.collect()
}
