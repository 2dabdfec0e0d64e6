//! Parts images into those for training and those for validation.

use std::collections::HashSet;

use super::notes::Notes;
use crate::features::PooledImage;
use crate::ranked_product::Item;
use crate::split::{self, Alike};

/// Moves a share of the products of each label out of `training`. What is alike stays together as
/// the images of one product do.
pub(super) fn split_off(
    training: &mut Vec<PooledImage>,
    alike: Alike<'_>,
    share: f64,
    seed: u64,
) -> Vec<PooledImage> {
    let items: Vec<Item<'_>> = training
        .iter()
        .map(|pooled| Item {
            product: pooled.product(),
            label: pooled.image.first_label(),
        })
        .collect();
    let mut validates = split::validates(&items, alike, share, seed).into_iter();
    let (validating, rest) = std::mem::take(training)
        .into_iter()
        .partition(|_| validates.next().unwrap_or(false));
    *training = rest;
    validating
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
    let reason = "its product has images for training, so it cannot validate";
    let dropped = dropped.into_iter();
    notes.drop_all(
        dropped
            .map(|pooled| (pooled.image, reason.to_owned()))
            .collect(),
    );
    kept
}
