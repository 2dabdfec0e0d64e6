//! Parts images into those for training and those for validation.

use std::collections::{HashMap, HashSet};

use super::notes::Notes;
use crate::features::PooledImage;
use crate::ranked_product::Item;
use crate::similar_images::SimilarImages;
use crate::split;

/// Moves a share of the products of each label out of `training`. Products that count as one stay
/// together.
pub(super) fn split_off(
    training: &mut Vec<PooledImage>,
    notes: &Notes,
    share: f64,
    seed: u64,
) -> Vec<PooledImage> {
    let items: Vec<Item<'_>> = training
        .iter()
        .map(|pooled| Item {
            product: pooled.product(),
            labels: notes.common.others(&pooled.image).collect(),
        })
        .collect();
    let mut validates = split::validates(&items, &notes.joined, share, seed).into_iter();
    let (validating, rest) = std::mem::take(training)
        .into_iter()
        .partition(|_| validates.next().unwrap_or(false));
    *training = rest;
    validating
}

/// Drops validation images that are nearly identical to training images, as identical ones are:
/// they would find themselves. `similar` is of the training images, then of the validation images.
pub(super) fn without_copies(
    validating: Vec<PooledImage>,
    training: &[PooledImage],
    similar: &SimilarImages,
    notes: &mut Notes,
) -> Vec<PooledImage> {
    let (of_training, of_validating) = similar.groups.split_at(training.len());
    let mut trained = HashMap::new();
    for (group, pooled) in of_training.iter().zip(training) {
        trained.entry(group).or_insert(&pooled.image.name);
    }
    let found = validating.len();
    let mut kept = Vec::with_capacity(found);
    for (group, pooled) in of_validating.iter().zip(validating) {
        match trained.get(group) {
            Some(name) => notes.near_copy(pooled, name),
            None => kept.push(pooled),
        }
    }
    notes.near_copies_dropped(found - kept.len());
    kept
}

/// Drops validation images of products that have training images: another image of the same product
/// is too easy to find. Products that share an image count as one.
pub(super) fn without_trained(
    validating: Vec<PooledImage>,
    training: &[PooledImage],
    notes: &mut Notes,
) -> Vec<PooledImage> {
    let product = |pooled: &PooledImage| notes.joined.of(pooled.product());
    let trained: HashSet<[u8; 32]> = training.iter().map(product).collect();
    let (dropped, kept): (Vec<_>, Vec<_>) = validating
        .into_iter()
        .partition(|pooled| trained.contains(&product(pooled)));
    let reason =
        "its product, or one that shows the same, has images for training, so it cannot validate";
    let dropped = dropped.into_iter();
    notes.drop_all(
        dropped
            .map(|pooled| (pooled.image, reason.to_owned()))
            .collect(),
    );
    kept
}
