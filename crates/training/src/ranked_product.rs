//! Products of images in a random but fixed order.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

/// The properties of an image that determine the split.
#[derive(Debug, Clone)]
pub(crate) struct Item<'a> {
    /// Identifies its product, see [`product_key`], or its bytes if the product is unknown.
    pub(crate) product: [u8; 32],
    /// Labels of the image.
    pub(crate) labels: Vec<&'a str>,
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

/// Returns the products of each label by rank; a product has every label that any of its images has.
/// The order depends on the seed.
pub(crate) fn ranks_by_label<'a>(
    items: &[Item<'a>],
    seed: u64,
) -> BTreeMap<&'a str, Vec<RankedProduct>> {
    let mut by_label: BTreeMap<&str, BTreeSet<RankedProduct>> = BTreeMap::new();
    for item in items {
        let product = RankedProduct {
            rank: rank(seed, item.product),
            product: item.product,
        };
        for label in &item.labels {
            by_label.entry(label).or_default().insert(product);
        }
    }
    let by_label = by_label.into_iter();
    by_label
        .map(|(label, products)| (label, products.into_iter().collect()))
        .collect()
}

/// Returns the place of a product in an order that depends on the seed.
pub(crate) fn rank(seed: u64, product: [u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(product);
    hash.finalize().into()
}
