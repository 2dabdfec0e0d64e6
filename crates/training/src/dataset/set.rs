use std::borrow::Cow;
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
    /// Products, one for each image: equal numbers are images of the same product.
    pub products: Vec<u32>,
    /// Vectors of the encoder to compare with, one row for each image; empty if there is none.
    pub baseline: Vec<f32>,
}

impl Set {
    /// Joins images to a set. Labels are numbered as `categories` says; `products` numbers the
    /// products, so that both halves have the same numbers.
    pub(super) fn of_images(
        mut images: Vec<PooledImage>,
        augmentations: &[Augmentation],
        (categories, products): (&HashMap<&str, u32>, &mut HashMap<[u8; 32], u32>),
        pooling: &Pooling<'_>,
    ) -> Set {
        let product = |pooled: &PooledImage| {
            let next = products.len() as u32;
            *products.entry(pooled.product()).or_insert(next)
        };
        let labels = |pooled: &PooledImage| {
            let labels = pooled.image.labels();
            labels
                .filter_map(|label| categories.get(label).copied())
                .collect()
        };
        Set {
            labels: ImageLabels::new(images.iter().map(labels)),
            products: images.iter().map(product).collect(),
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

    /// Returns the images whose first label is wanted.
    #[must_use]
    pub fn filtered(&self, wanted: impl Fn(u32) -> bool) -> Set {
        let labels = self.labels.firsts().iter().enumerate();
        self.rows(
            labels
                .filter(|(_, label)| wanted(**label))
                .map(|(row, _)| row),
        )
    }

    /// Returns some of the images.
    #[must_use]
    pub fn rows(&self, rows: impl Iterator<Item = usize>) -> Set {
        let rows: Vec<usize> = rows.collect();
        let baseline = self.baseline.len() / self.labels.len().max(1);
        Set {
            features: self.features.rows(&rows),
            labels: self.labels.rows(&rows),
            products: rows.iter().map(|&row| self.products[row]).collect(),
            baseline: pick(&self.baseline, baseline, &rows),
        }
    }

    /// Returns the images with one label each: an image of several labels occurs once with each,
    /// which gives each of them an equal part of the target.
    pub fn with_single_labels(&self) -> Cow<'_, Set> {
        let images = 0..self.labels.len();
        let rows: Vec<usize> = images
            .flat_map(|image| self.labels.of(image).map(move |_| image))
            .collect();
        if rows.len() == self.labels.len() {
            return Cow::Borrowed(self);
        }
        let labels = (0..self.labels.len()).flat_map(|image| self.labels.of(image));
        Cow::Owned(Set {
            labels: labels.collect::<Vec<u32>>().into(),
            ..self.rows(rows.into_iter())
        })
    }
}
