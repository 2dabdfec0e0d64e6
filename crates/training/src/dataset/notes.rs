use std::collections::{BTreeMap, HashMap, HashSet};

use super::counts::Counts;
use crate::features::{Dropped, PooledImage};
use crate::joined_products::JoinedProducts;
use crate::labeled::LabeledImage;
use crate::similar_images::{SimilarImages, SuspectImage};
use crate::skipped::Skipped;

/// Remarks about images.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) skipped: Vec<Skipped>,
    pub(super) duplicates: Vec<Skipped>,
    pub(super) suspects: Vec<SuspectImage>,
    pub(super) notes: Vec<String>,
    pub(super) counts: BTreeMap<String, Counts>,
    /// Products with the same image, of which all but the first are dropped.
    pub(super) joined: JoinedProducts,
}

/// Images by content, each the first with that content, with their products.
pub(super) type Seen = HashMap<[u8; 32], (LabeledImage, [u8; 32])>;

impl Notes {
    pub(super) fn drop_all(&mut self, dropped: Vec<Dropped>) {
        for (image, reason) in dropped {
            self.drop(image, reason);
        }
    }

    fn drop(&mut self, image: LabeledImage, reason: String) {
        let category = image.first_label().to_owned();
        self.counts.entry(category).or_default().skipped += 1;
        self.skipped.push(Skipped {
            what: image.name,
            reason,
        });
    }

    /// Drops images that were seen in this folder or one before: the same image twice would find
    /// itself. Their products count as one from then on.
    pub(super) fn unique(&mut self, images: Vec<PooledImage>, seen: &mut Seen) -> Vec<PooledImage> {
        let mut unique = Vec::with_capacity(images.len());
        for pooled in images {
            let product = pooled.product();
            let first = seen.get(&pooled.content);
            if let Some((_, other)) = first {
                self.joined.join(product, *other);
            }
            match first {
                Some((first, _)) if first.label == pooled.image.label => {
                    let reason = format!("it is the same image as {}", first.name);
                    self.entry(&pooled).skipped += 1;
                    self.duplicates.push(Skipped {
                        what: pooled.image.name,
                        reason,
                    });
                }
                Some((first, _)) => {
                    let reason = format!(
                        "it is the same image as {}, which is of category {:?}: only one can be right",
                        first.name, first.label
                    );
                    self.drop(pooled.image, reason);
                }
                None => {
                    seen.insert(pooled.content, (pooled.image.clone(), product));
                    unique.push(pooled);
                }
            }
        }
        unique
    }

    /// Counts the used images, and notes categories that cannot be validated.
    pub(super) fn count(&mut self, training: &[PooledImage], validating: &[PooledImage]) {
        for pooled in training {
            self.entry(pooled).training += 1;
        }
        for pooled in validating {
            self.entry(pooled).validation += 1;
        }
        for (category, counts) in &self.counts {
            let what = match (counts.training, counts.validation) {
                (0, 0) => "has no image that can be used",
                (0, _) => "has no training images, so its validation images do not count",
                (1, 0) => "has one image: it trains, and none is left to validate with",
                (_, 0) => "has no validation images",
                _ => continue,
            };
            self.notes.push(format!("category {category:?} {what}"));
        }
    }

    /// Notes that nearly identical images cannot be found.
    pub(super) fn indistinct(&mut self, similar: &SimilarImages) {
        if similar.indistinct > 0 {
            self.notes.push(format!(
                "{} images of different categories seem nearly identical to this network: only images of one product \
                 are kept together, and copies may raise the measures",
                similar.indistinct
            ));
        }
    }

    /// Notes nearly identical images that the split keeps together.
    pub(super) fn grouped(&mut self, similar: &SimilarImages) {
        let (images, groups) = similar.repeated();
        if images > 0 {
            self.notes.push(format!(
                "{images} images are nearly identical to others, in {groups} groups: each group either trains or \
                 validates, so that no image finds its own copy"
            ));
        }
    }

    /// Notes nearly identical images in the folders for training, of `training` images, and for
    /// validation.
    pub(super) fn on_both_sides(&mut self, similar: &SimilarImages, training: usize) {
        let trained: HashSet<usize> = similar.groups.iter().take(training).copied().collect();
        let validating = similar.groups.iter().skip(training);
        let repeated = validating.filter(|group| trained.contains(group)).count();
        if repeated > 0 {
            self.notes.push(format!(
                "{repeated} validation images are nearly identical to training images, so the measures are too good: \
                 hold back whole products, or leave out --validation"
            ));
        }
    }

    fn entry(&mut self, pooled: &PooledImage) -> &mut Counts {
        let category = pooled.image.first_label().to_owned();
        self.counts.entry(category).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranked_product::product_key;

    fn pooled(name: &str, product: &str, content: u8, label: &str) -> PooledImage {
        PooledImage {
            image: LabeledImage {
                path: name.into(),
                name: name.to_owned(),
                label: label.to_owned(),
                product: Some(product.to_owned()),
            },
            content: [content; 32],
            features: Vec::new(),
            baseline: Vec::new(),
        }
    }

    #[test]
    fn the_products_of_a_dropped_copy_count_as_one() {
        let mut notes = Notes::default();
        let images = vec![
            pooled("1", "a", 1, "boot"),
            pooled("2", "b", 1, "boot"),
            pooled("3", "b", 2, "boot"),
            pooled("4", "c", 2, "hat"),
            pooled("5", "d", 3, "boot"),
        ];
        let kept = notes.unique(images, &mut Seen::new());
        let kept: Vec<&str> = kept.iter().map(|kept| kept.image.name.as_str()).collect();
        assert_eq!(kept, ["1", "3", "5"]);
        assert_eq!((notes.duplicates.len(), notes.skipped.len()), (1, 1));
        let of = |product| notes.joined.of(product_key(product));
        assert_eq!((of("a"), of("b")), (of("b"), of("c")));
        assert_ne!(of("a"), of("d"));
    }
}
