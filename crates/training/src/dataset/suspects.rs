//! Similar images of a dataset, and those that may be in the wrong category.

use crate::common_labels::CommonLabels;
use crate::embedding::unit;
use crate::error::TrainingError;
use crate::features::{PooledImage, Pooling};
use crate::progress::Stop;
use crate::similar_images::{SimilarImages, SuspectImage};

/// Compares images by the network's own features.
pub(super) fn similar_images(
    images: &[&PooledImage],
    common: &CommonLabels,
    pooling: &Pooling<'_>,
    stop: &Stop,
) -> Result<SimilarImages, TrainingError> {
    let dimensions = pooling.pooled();
    let mut vectors = Vec::with_capacity(images.len() * dimensions);
    for pooled in images {
        vectors.extend(unit(&pooled.features[0][..dimensions]));
    }
    let labels = images.iter().map(|pooled| common.name(&pooled.image));
    SimilarImages::find(&vectors, dimensions, &labels.collect::<Vec<_>>(), stop)
}

/// Returns the suspects among images by name; a label that an image has too is no contradiction.
pub(super) fn suspects(similar: &SimilarImages, images: &[&PooledImage]) -> Vec<SuspectImage> {
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
