//! Selects part of a large catalog, product by product.

use std::collections::{BTreeMap, BTreeSet};

use crate::labeled::LabeledImage;
use crate::ranked_product::{Item, RankedProduct, ranks_by_label};

/// Products of a label that are taken together: one to train with and one to validate with.
const PAIR: usize = 2;
/// Products of each label that a sample takes first: a pair, and as many in reserve for images that
/// cannot be used.
const FIRST_PRODUCTS: usize = 2 * PAIR;

/// Returns at most `max` of the images, in their order: a few products of every label, in whatever
/// place images have it, then the same share of the products of each, all with all their images.
/// Labels of which no two products fit are left out. The choice depends on the seed and the products, so a larger sample contains
/// most of a smaller one.
pub fn sample(images: &[LabeledImage], max: usize, seed: u64) -> Vec<LabeledImage> {
    if images.len() <= max {
        return images.to_vec();
    }
    let items: Vec<Item<'_>> = images
        .iter()
        .map(|image| Item {
            product: image.product_key(),
            labels: image.labels().collect(),
        })
        .collect();
    let mut labels: Vec<Vec<RankedProduct>> = ranks_by_label(&items, seed).into_values().collect();
    // Random as the products are, so that no label is preferred for its name.
    labels.sort();
    let mut sample = Sample::new(&items, max);
    labels.retain(|ranked| ranked.len() < PAIR || sample.take_pair(ranked));
    for product in in_order(&labels) {
        sample.take(product);
    }
    let kept = images.iter().zip(&items);
    kept.filter(|(_, item)| sample.chosen.contains(&item.product))
        .map(|(image, _)| image.clone())
        .collect()
}

/// The products that a sample has taken.
struct Sample {
    /// Number of images of each product.
    sizes: BTreeMap<[u8; 32], usize>,
    chosen: BTreeSet<[u8; 32]>,
    /// Number of images that still fit.
    left: usize,
}

impl Sample {
    fn new(items: &[Item<'_>], max: usize) -> Self {
        let mut sizes = BTreeMap::new();
        for item in items {
            *sizes.entry(item.product).or_default() += 1;
        }
        Self {
            sizes,
            chosen: BTreeSet::new(),
            left: max,
        }
    }

    /// Takes a product, unless it is taken already or has more images than are left: it is passed
    /// over then, so that the rest is used.
    fn take(&mut self, product: [u8; 32]) {
        let size = self.sizes[&product];
        if size <= self.left && self.chosen.insert(product) {
            self.left -= size;
        }
    }

    /// Takes products of a label until there are two, the first that fit together; returns false if
    /// none do.
    fn take_pair(&mut self, ranked: &[RankedProduct]) -> bool {
        let (taken, free): (Vec<[u8; 32]>, Vec<[u8; 32]>) = ranked
            .iter()
            .map(|ranked| ranked.product)
            .partition(|product| self.chosen.contains(product));
        let missing = PAIR.saturating_sub(taken.len());
        let Some(pair) = self.fitting(&free, missing) else {
            return false;
        };
        pair.into_iter().for_each(|product| self.take(product));
        true
    }

    /// Returns the first products that fit together, 0 to [`PAIR`] of them.
    fn fitting(&self, products: &[[u8; 32]], count: usize) -> Option<Vec<[u8; 32]>> {
        let size = |product: &[u8; 32]| self.sizes[product];
        let mut smallest: Vec<usize> = products.iter().map(size).collect();
        smallest.sort_unstable();
        let (mut found, mut left) = (Vec::new(), self.left);
        for still in (0..count).rev() {
            // The smallest others have to fit afterwards.
            let reserved: usize = smallest.iter().take(still).sum();
            let room = left.checked_sub(reserved)?;
            let mut free = products.iter().filter(|product| !found.contains(*product));
            let product = *free.find(|product| size(product) <= room)?;
            left -= size(&product);
            found.push(product);
        }
        Some(found)
    }
}

/// Returns the products of labels in the order in which a sample takes them after the pairs.
fn in_order(labels: &[Vec<RankedProduct>]) -> Vec<[u8; 32]> {
    let mut order = Vec::new();
    for ranked in labels {
        let count = ranked.len() as f64;
        for (place, ranked) in ranked.iter().enumerate() {
            let share = match place < FIRST_PRODUCTS {
                true => 0.0,
                false => (place as f64 + 0.5) / count,
            };
            order.push((place.min(FIRST_PRODUCTS), share, *ranked));
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
            // No product has more than three images, so less than a pair of them is left over.
            prop_assert!(sample.len() == images.len() || sample.len() + 6 > max);
            let count = |images: &[LabeledImage], label: &str| {
                let of_label = images.iter().filter(|image| image.label == label);
                of_label.map(|image| &image.product).collect::<BTreeSet<_>>().len()
            };
            for kept in &sample {
                let (all, sampled) = (count(&images, &kept.label), count(&sample, &kept.label));
                prop_assert!(sampled >= all.min(PAIR), "{} of {}", sampled, all);
            }
            for kept in &sample {
                let of = |images: &[LabeledImage]| images.iter().filter(|i| i.product == kept.product).count();
                prop_assert_eq!(of(&sample), of(&images));
            }
        }
    }

    #[test]
    fn a_rare_second_label_stays() {
        // Of 400 products of two labels, four also have a rare one.
        let images: Vec<LabeledImage> = (0..400)
            .map(|i| LabeledImage {
                label: format!("{}{}", i % 2, if i % 100 == 7 { "|rare" } else { "" }),
                ..image(i, i, 0)
            })
            .collect();
        for seed in 0..20 {
            let sample = sample(&images, 40, seed);
            let rare = sample.iter().filter(|image| image.label.contains("rare"));
            assert_eq!((sample.len(), rare.count()), (40, 4), "seed {seed}");
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

    #[test]
    fn of_more_labels_than_fit_some_have_two_products_and_the_others_none() {
        let images: Vec<LabeledImage> = (0..600).map(|i| image(i, i, i / 3)).collect();
        let sample = sample(&images, 50, 1);
        let labels: BTreeSet<&str> = sample.iter().map(|image| image.label.as_str()).collect();
        assert_eq!((sample.len(), labels.len()), (50, 25));
    }

    #[test]
    fn a_product_too_large_for_the_sample_is_passed_over_and_its_label_stays() {
        // Labels of three products, with 40 images, one and one; which is first depends on the seed.
        let of_label = |label: usize| {
            (0..42).map(move |i| image(100 * label + i, 100 * label + i.max(39), label))
        };
        let images: Vec<LabeledImage> = (0..5).flat_map(of_label).collect();
        for seed in 0..20 {
            assert_eq!(sample(&images, 10, seed).len(), 10);
        }
    }
}
