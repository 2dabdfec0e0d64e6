//! Splits images into training and validation, product by product.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// The properties of an image that determine the split.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// Identifies its product, see [`product_key`], or its bytes if the product is unknown.
    pub product: [u8; 32],
    /// Label of the image.
    pub label: &'a str,
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
pub fn product_key(product_id: &str) -> [u8; 32] {
    Sha256::digest(product_id).into()
}

/// Returns true for each item that is for validation: all images of a product, or none. Of every
/// label about `share` (0 to 1) of the products are: at least one if there are two or more, and
/// never all; a product alone in its label is for training. A product with several labels counts
/// for the one that most of its images have. The choice depends on the seed and the products, not
/// on names or order, so that a grown catalog keeps most of its split.
pub fn validates(items: &[Item<'_>], share: f64, seed: u64) -> Vec<bool> {
    let limits: BTreeMap<&str, [u8; 32]> = ranks_by_label(items, seed)
        .into_iter()
        .filter(|(_, ranks)| ranks.len() >= 2)
        .map(|(label, ranks)| {
            let wanted = (ranks.len() as f64 * share).round() as usize;
            (label, ranks[wanted.clamp(1, ranks.len() - 1)].rank)
        })
        .collect();
    let labels = product_labels(items);
    items
        .iter()
        .map(|item| {
            let limit = limits.get(labels[&item.product]);
            limit.is_some_and(|limit| rank(seed, item.product) < *limit)
        })
        .collect()
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
    let mut counts: BTreeMap<[u8; 32], BTreeMap<&str, usize>> = BTreeMap::new();
    for item in items {
        let labels = counts.entry(item.product).or_default();
        *labels.entry(item.label).or_default() += 1;
    }
    counts
        .into_iter()
        .filter_map(|(product, labels)| {
            let most = labels.into_iter().rev().max_by_key(|(_, count)| *count);
            most.map(|(label, _)| (product, label))
        })
        .collect()
}

fn rank(seed: u64, product: [u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(product);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const LABELS: [&str; 4] = ["a", "b", "c", "d"];

    fn products(items: &[Item<'_>], chosen: &[bool], wanted: bool) -> BTreeSet<[u8; 32]> {
        let items = items.iter().zip(chosen);
        let wanted = items.filter(|(_, chosen)| **chosen == wanted);
        wanted.map(|(item, _)| item.product).collect()
    }

    proptest! {
        #[test]
        fn no_product_is_on_both_sides_whatever_its_labels(
            images in prop::collection::vec((0..20_u8, 0..4_usize), 1..120),
            share in 0.0..1.0_f64,
            seed in any::<u64>(),
        ) {
            let items: Vec<Item<'_>> = images
                .iter()
                .map(|(product, label)| Item { product: [*product; 32], label: LABELS[*label] })
                .collect();
            let chosen = validates(&items, share, seed);
            let (held, trained) = (products(&items, &chosen, true), products(&items, &chosen, false));
            prop_assert!(held.is_disjoint(&trained));
            prop_assert!(!trained.is_empty());
            let mut turned = items.clone();
            turned.reverse();
            let mut back = validates(&turned, share, seed);
            back.reverse();
            prop_assert_eq!(back, chosen);
        }

        #[test]
        fn every_label_is_on_both_sides_with_its_share_of_products(
            images in prop::collection::vec(0..40_u8, 1..80),
            share in 0.0..1.0_f64,
            seed in any::<u64>(),
        ) {
            let items: Vec<Item<'_>> = images
                .iter()
                .map(|product| Item { product: [*product; 32], label: LABELS[usize::from(*product % 4)] })
                .collect();
            let chosen = validates(&items, share, seed);
            let (held, trained) = (products(&items, &chosen, true), products(&items, &chosen, false));
            for label in 0..4_u8 {
                let count = |side: &BTreeSet<[u8; 32]>| side.iter().filter(|p| p[0] % 4 == label).count();
                let (held, trained) = (count(&held), count(&trained));
                if held + trained >= 2 {
                    prop_assert!(held >= 1 && trained >= 1);
                    let wanted = share * (held + trained) as f64;
                    prop_assert!((held as f64 - wanted).abs() <= 1.0);
                } else {
                    prop_assert_eq!(held, 0);
                }
            }
        }
    }

    #[test]
    fn another_seed_is_another_split() {
        let items: Vec<Item<'_>> = (0..100)
            .map(|product| Item {
                product: [product; 32],
                label: "a",
            })
            .collect();
        let chosen = validates(&items, 0.1, 1);
        assert_eq!(chosen.iter().filter(|chosen| **chosen).count(), 10);
        assert_ne!(chosen, validates(&items, 0.1, 2));
    }
}
