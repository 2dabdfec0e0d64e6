use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::counts::Counts;
use crate::common_labels::CommonLabels;
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
    /// Products that are shown by the same image, or by nearly the same.
    pub(super) joined: JoinedProducts,
    /// Labels that tell nothing apart.
    pub(super) common: CommonLabels,
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
        let category = self.common.name(&image).to_owned();
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
                Some((first, _)) if self.labels(first) == self.labels(&pooled.image) => {
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

    /// Lists a validation image that is nearly identical to a training image with this name.
    pub(super) fn near_copy(&mut self, pooled: PooledImage, name: &str) {
        self.entry(&pooled).skipped += 1;
        self.duplicates.push(Skipped {
            what: pooled.image.name,
            reason: format!("it is nearly identical to {name}, which is for training"),
        });
    }

    /// Notes how many validation images were nearly identical to training images.
    pub(super) fn near_copies_dropped(&mut self, count: usize) {
        let (images, verb) = match count {
            0 => return,
            1 => ("image", "is"),
            _ => ("images", "are"),
        };
        self.notes.push(format!(
            "{count} validation {images} {verb} left out: nearly identical to images for training, which would be \
             found too easily"
        ));
    }

    /// Counts products that show nearly identical images as one.
    pub(super) fn join_similar(&mut self, images: &[&PooledImage], similar: &SimilarImages) {
        for (pooled, &first) in images.iter().zip(&similar.groups) {
            self.joined.join(pooled.product(), images[first].product());
        }
    }

    /// Counts the used images by their first label, and notes categories that cannot be validated or
    /// do not count, in whatever place images have them.
    pub(super) fn count(&mut self, training: &[PooledImage], validating: &[PooledImage]) {
        for pooled in training {
            self.entry(pooled).training += 1;
        }
        for pooled in validating {
            self.entry(pooled).validation += 1;
        }
        self.note_common();
        let mut sides: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for label in self.counts.keys() {
            sides.insert(label, (0, 0));
        }
        for label in training
            .iter()
            .flat_map(|pooled| self.labels(&pooled.image))
        {
            sides.entry(label).or_default().0 += 1;
        }
        for label in validating
            .iter()
            .flat_map(|pooled| self.labels(&pooled.image))
        {
            sides.entry(label).or_default().1 += 1;
        }
        let common = self.common.counts();
        sides.retain(|category, _| !common.contains_key(*category));
        for (category, sides) in sides {
            let what = match sides {
                (0, 0) => "has no image that can be used",
                (0, _) => "has no training images, so its validation images do not count",
                (1, 0) => "has one image: it trains, and none is left to validate with",
                (_, 0) => "has no validation images",
                _ => continue,
            };
            self.notes.push(format!("category {category:?} {what}"));
        }
    }

    fn note_common(&mut self) {
        let images = self.common.images();
        for (category, with) in self.common.counts() {
            self.notes.push(format!(
                "category {category:?} is left out: {with} of {images} images have it, so it tells nothing apart"
            ));
        }
    }

    /// Returns the labels of an image that count, each once.
    pub(super) fn labels<'a>(&self, image: &'a LabeledImage) -> BTreeSet<&'a str> {
        self.common.others(image).collect()
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

    fn entry(&mut self, pooled: &PooledImage) -> &mut Counts {
        let category = self.common.name(&pooled.image).to_owned();
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
            pooled("6", "e", 4, "boot|winter"),
            pooled("7", "e", 4, "winter|boot"),
        ];
        let kept = notes.unique(images, &mut Seen::new());
        let kept: Vec<&str> = kept.iter().map(|kept| kept.image.name.as_str()).collect();
        assert_eq!(kept, ["1", "3", "5", "6"]);
        // The order of labels does not matter: the copies of 1 and 6 are right, that of 3 is not.
        assert_eq!((notes.duplicates.len(), notes.skipped.len()), (2, 1));
        let of = |product| notes.joined.of(product_key(product));
        assert_eq!((of("a"), of("b")), (of("b"), of("c")));
        assert_ne!(of("a"), of("d"));
    }
}
