use std::collections::{BTreeMap, HashMap};

use super::counts::Counts;
use crate::features::{Dropped, PooledImage};
use crate::labeled::LabeledImage;
use crate::skipped::Skipped;

/// Remarks about images.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) skipped: Vec<Skipped>,
    pub(super) duplicates: Vec<Skipped>,
    pub(super) notes: Vec<String>,
    pub(super) counts: BTreeMap<String, Counts>,
}

impl Notes {
    pub(super) fn drop_all(&mut self, dropped: Vec<Dropped>) {
        for (image, reason) in dropped {
            self.drop(image, reason);
        }
    }

    fn drop(&mut self, image: LabeledImage, reason: String) {
        self.counts.entry(image.label).or_default().skipped += 1;
        self.skipped.push(Skipped {
            what: image.name,
            reason,
        });
    }

    /// Drops images that were seen in this folder or one before: the same image twice would find
    /// itself.
    pub(super) fn unique(
        &mut self,
        images: Vec<PooledImage>,
        seen: &mut HashMap<[u8; 32], LabeledImage>,
    ) -> Vec<PooledImage> {
        let mut unique = Vec::with_capacity(images.len());
        for pooled in images {
            match seen.get(&pooled.content) {
                Some(first) if first.label == pooled.image.label => {
                    let reason = format!("it is the same image as {}", first.name);
                    self.counts.entry(pooled.image.label).or_default().skipped += 1;
                    self.duplicates.push(Skipped {
                        what: pooled.image.name,
                        reason,
                    });
                }
                Some(first) => {
                    let reason = format!(
                        "it is the same image as {}, which is of category {:?}: only one can be right",
                        first.name, first.label
                    );
                    self.drop(pooled.image, reason);
                }
                None => {
                    seen.insert(pooled.content, pooled.image.clone());
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

    fn entry(&mut self, pooled: &PooledImage) -> &mut Counts {
        self.counts.entry(pooled.image.label.clone()).or_default()
    }
}
