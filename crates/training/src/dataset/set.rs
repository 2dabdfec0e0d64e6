use std::collections::HashMap;

use lookalike_encoder::Augmentation;

use crate::features::{Features, PooledImage, Pooling, pick};
use crate::image_labels::ImageLabels;
use crate::retrieval::Labeled;

/// Images of one half of the split.
#[derive(Debug, Clone)]
pub struct Set {
    /// Features, one row for each image.
    pub features: Features,
    /// Labels of each image.
    pub labels: ImageLabels,
    /// Products, one for each image: equal numbers are images of the same product, or of products that
    /// count as one because the same image shows both.
    pub products: Vec<u32>,
    /// Vectors of the encoder to compare with, one row for each image; empty if there is none.
    pub baseline: Vec<f32>,
}

impl Set {
    /// Joins images to a set. Labels are numbered as `categories` says, and the others do not count;
    /// `number` returns the number of a product.
    pub(super) fn of_images(
        mut images: Vec<PooledImage>,
        augmentations: &[Augmentation],
        categories: &HashMap<&str, u32>,
        mut number: impl FnMut([u8; 32]) -> u32,
        pooling: &Pooling<'_>,
    ) -> Set {
        let labels = images.iter().map(|pooled| {
            let labels = pooled.image.labels();
            labels.filter_map(|label| categories.get(label).copied())
        });
        Set {
            labels: ImageLabels::new(labels),
            products: images
                .iter()
                .map(|pooled| number(pooled.product()))
                .collect(),
            features: pooling.rows(&mut images, augmentations.len()),
            baseline: images
                .into_iter()
                .flat_map(|pooled| pooled.baseline)
                .collect(),
        }
    }

    /// Returns the labels with `vectors`, one for each plain image, for searching.
    pub fn labeled<'a>(&'a self, vectors: &'a [f32], dimensions: usize) -> Labeled<'a> {
        Labeled {
            vectors,
            dimensions,
            labels: &self.labels,
        }
    }

    /// Returns some of the images.
    #[must_use]
    pub fn rows(&self, rows: &[usize]) -> Set {
        let baseline = self.baseline.len() / self.labels.len().max(1);
        Set {
            features: self.features.rows(rows),
            labels: self.labels.rows(rows),
            products: rows.iter().map(|&row| self.products[row]).collect(),
            baseline: pick(&self.baseline, baseline, rows),
        }
    }
}
