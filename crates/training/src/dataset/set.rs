use std::collections::HashMap;

use lookalike_encoder::Augmentation;

use crate::features::{Features, PooledImage, Pooling};
use crate::retrieval::Labeled;

/// Images of one half of the split.
#[derive(Debug, Clone)]
pub struct Set {
    /// Features, one row for each image.
    pub features: Features,
    /// Labels, one for each image.
    pub labels: Vec<u32>,
    /// Products, one for each image: equal numbers are images of the same product.
    pub products: Vec<u32>,
    /// Vectors of the encoder to compare with, one row for each image; empty if there is none.
    pub baseline: Vec<f32>,
}

impl Set {
    /// Joins images to a set. Labels are places in `categories`; `products` numbers the products, so
    /// that both halves have the same numbers.
    pub(super) fn of_images(
        mut images: Vec<PooledImage>,
        augmentations: &[Augmentation],
        (categories, products): (&[String], &mut HashMap<[u8; 32], u32>),
        pooling: &Pooling<'_>,
    ) -> Set {
        let number = |pooled: &PooledImage| {
            let next = products.len() as u32;
            *products.entry(pooled.product()).or_insert(next)
        };
        let labels = images.iter().map(|pooled| place(categories, pooled));
        Set {
            labels: labels.collect(),
            products: images.iter().map(number).collect(),
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

    /// Returns the images with a wanted label.
    #[must_use]
    pub fn filtered(&self, wanted: impl Fn(u32) -> bool) -> Set {
        let labels = self.labels.iter().enumerate();
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
        let dimensions = self.features.dimensions;
        let pick = |all: &[f32], dimensions: usize| -> Vec<f32> {
            let picked = rows
                .iter()
                .flat_map(|row| &all[row * dimensions..][..dimensions]);
            picked.copied().collect()
        };
        let augmentations = self.features.augmentations.iter();
        Set {
            features: Features {
                dimensions,
                blocks: self.features.blocks.clone(),
                augmentations: augmentations.map(|all| pick(all, dimensions)).collect(),
            },
            labels: rows.iter().map(|&row| self.labels[row]).collect(),
            products: rows.iter().map(|&row| self.products[row]).collect(),
            baseline: pick(
                &self.baseline,
                self.baseline.len() / self.labels.len().max(1),
            ),
        }
    }
}

/// Returns the place of an image's label among the categories.
pub(super) fn place(categories: &[String], pooled: &PooledImage) -> u32 {
    let place = categories
        .iter()
        .position(|name| *name == pooled.image.label);
    place.unwrap_or(categories.len()) as u32
}
