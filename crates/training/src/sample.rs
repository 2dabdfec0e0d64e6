//! Selects part of a large catalog, product by product.

use std::collections::{BTreeMap, BTreeSet};

use crate::labeled::LabeledImage;
use crate::ranked_product::{Item, ranks_by_label};

/// Products of each label that a sample takes first: one to train with and one to validate with,
/// and as many in reserve for images that cannot be used.
const FIRST_PRODUCTS: usize = 4;

/// Returns at most `max` of the images, in their order: a few products of every label, then the
/// same share of the products of each, all with all their images. The choice depends on the seed
/// and the products, so a larger sample contains most of a smaller one.
pub fn sample(images: &[LabeledImage], max: usize, seed: u64) -> Vec<LabeledImage> {
    if images.len() <= max {
        return images.to_vec();
    }
    let items: Vec<Item<'_>> = images
        .iter()
        .map(|image| Item {
            product: image.product_key(),
            label: image.first_label(),
        })
        .collect();
    let mut sizes: BTreeMap<[u8; 32], usize> = BTreeMap::new();
    for item in &items {
        *sizes.entry(item.product).or_default() += 1;
    }
    let mut chosen = BTreeSet::new();
    let mut left = max;
    for product in in_order(&items, seed) {
        // A product with more images than are left is passed over, so that the rest is used.
        if sizes[&product] <= left {
            left -= sizes[&product];
            chosen.insert(product);
        }
    }
    let kept = images.iter().zip(&items);
    kept.filter(|(_, item)| chosen.contains(&item.product))
        .map(|(image, _)| image.clone())
        .collect()
}

/// Returns the products in the order in which a sample takes them.
fn in_order(items: &[Item<'_>], seed: u64) -> Vec<[u8; 32]> {
    let mut order = Vec::new();
    for ranked in ranks_by_label(items, seed).into_values() {
        let count = ranked.len() as f64;
        for (place, ranked) in ranked.into_iter().enumerate() {
            let share = match place < FIRST_PRODUCTS {
                true => 0.0,
                false => (place as f64 + 0.5) / count,
            };
            order.push((place.min(FIRST_PRODUCTS), share, ranked));
        }
    }
    order.sort_by(|a, b| {
        let by_share = a.0.cmp(&b.0).then(a.1.total_cmp(&b.1));
        by_share.then(a.2.cmp(&b.2))
    });
    let products = order.into_iter();
    products.map(|(_, _, ranked)| ranked.product).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn image(number: usize, product: usize, label: usize) -> LabeledImage {
        LabeledImage {
            path: number.to_string().into(),
            name: number.to_string(),
            label: label.to_string(),
            product: Some(product.to_string()),
        }
    }

    proptest! {
        #[test]
        fn a_sample_has_whole_products_within_its_bound(
            products in prop::collection::vec((1..4_usize, 0..5_usize), 1..60),
            max in 0..80_usize,
            seed in any::<u64>(),
        ) {
            let mut images = Vec::new();
            for (product, (count, label)) in products.iter().enumerate() {
                images.extend((0..*count).map(|i| image(10 * product + i, product, *label)));
            }
            let sample = sample(&images, max, seed);
            prop_assert!(sample.len() <= max);
            // No product has more than three images, so less than that is left over.
            prop_assert!(sample.len() == images.len() || sample.len() + 3 > max);
            for kept in &sample {
                let of = |images: &[LabeledImage]| images.iter().filter(|i| i.product == kept.product).count();
                prop_assert_eq!(of(&sample), of(&images));
            }
        }
    }

    #[test]
    fn small_labels_stay_and_large_ones_shrink_by_the_same_share() {
        let labels = |product: usize| match product {
            0..4 => 0,
            4..104 => 1,
            _ => 2,
        };
        let images: Vec<LabeledImage> = (0..304).map(|i| image(i, i, labels(i))).collect();
        let sample = sample(&images, 100, 1);
        let count = |label: &str| sample.iter().filter(|image| image.label == label).count();
        assert_eq!(count("0") + count("1") + count("2"), 100);
        assert_eq!(count("0"), 4);
        assert!((30..=36).contains(&count("1")), "{}", count("1"));
    }
}
