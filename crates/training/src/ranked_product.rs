//! Products of images in a random but fixed order.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// The properties of an image that determine the split.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item<'a> {
    /// Identifies its product, see [`product_key`], or its bytes if the product is unknown.
    pub(crate) product: [u8; 32],
    /// Label of the image.
    pub(crate) label: &'a str,
}

/// A product with its place in a random but fixed order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RankedProduct {
    /// Its place.
    pub(crate) rank: [u8; 32],
    /// Its identity.
    pub(crate) product: [u8; 32],
}

/// Returns the identity of a product by its id.
pub(crate) fn product_key(product_id: &str) -> [u8; 32] {
    Sha256::digest(product_id).into()
}

/// Returns the products of each label by rank. The order depends on the seed.
pub(crate) fn ranks_by_label<'a>(
    items: &[Item<'a>],
    seed: u64,
) -> BTreeMap<&'a str, Vec<RankedProduct>> {
    let mut by_label: BTreeMap<&str, Vec<RankedProduct>> = BTreeMap::new();
    for (product, label) in product_labels(items) {
        let rank = rank(seed, product);
        let of_label = by_label.entry(label).or_default();
        of_label.push(RankedProduct { rank, product });
    }
    by_label
        .values_mut()
        .for_each(|ranks| ranks.sort_unstable());
    by_label
}

/// Returns the label that most images of each product have; of equally many, the first in order.
fn product_labels<'a>(items: &[Item<'a>]) -> BTreeMap<[u8; 32], &'a str> {
    let mut labels: BTreeMap<[u8; 32], Vec<&str>> = BTreeMap::new();
    for item in items {
        labels.entry(item.product).or_default().push(item.label);
    }
    let labels = labels.into_iter();
    labels
        .filter_map(|(product, labels)| Some((product, most_frequent(labels.into_iter())?)))
        .collect()
}

/// Returns the most frequent of some labels; of equally frequent ones, the first in order.
pub(crate) fn most_frequent<'a>(labels: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for label in labels {
        *counts.entry(label).or_default() += 1;
    }
    let most = counts.into_iter().rev().max_by_key(|(_, count)| *count);
    most.map(|(label, _)| label)
}

/// Returns the place of a product in an order that depends on the seed.
pub(crate) fn rank(seed: u64, product: [u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(product);
    hash.finalize().into()
}
