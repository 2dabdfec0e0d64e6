//! Pooled features of images, computed in parallel and kept on disk.

use std::path::PathBuf;

use bytes::Bytes;
use lookalike_encoder::{Augmentation, Backbone};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::baseline::Baseline;
use crate::cache::FeatureCache;
use crate::error::TrainingError;
use crate::image_source::ImageSource;
use crate::labeled::LabeledImage;
use crate::progress::{Progress, Stage, Stop};
use crate::ranked_product::product_key;

/// An image with its features.
#[derive(Debug, Clone, PartialEq)]
pub struct PooledImage {
    /// The image and its label.
    pub image: LabeledImage,
    /// SHA-256 of its bytes.
    pub content: [u8; 32],
    /// Features of each augmentation.
    pub features: Vec<Vec<f32>>,
    /// Vector of the baseline's encoder; empty without a baseline.
    pub baseline: Vec<f32>,
}

impl PooledImage {
    /// Returns the identity of its product; without one, of its content.
    pub fn product(&self) -> [u8; 32] {
        let product = self.image.product.as_deref();
        product.map_or(self.content, product_key)
    }
}

/// An image that could not be used, and the reason.
pub type Dropped = (LabeledImage, String);

/// Features of images, `[rows, dimensions]` for each augmentation.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// Numbers in a row.
    pub dimensions: usize,
    /// Number of the network's own pooled features, which come first, then of the features of each earlier stage.
    pub blocks: Vec<usize>,
    /// Rows for each augmentation.
    pub augmentations: Vec<Vec<f32>>,
}

impl Features {
    /// Returns the features of the plain images.
    pub fn plain(&self) -> &[f32] {
        self.augmentations.first().map_or(&[], Vec::as_slice)
    }

    /// Returns the features of some images.
    #[must_use]
    pub fn rows(&self, rows: &[usize]) -> Self {
        let augmentations = self.augmentations.iter();
        Self {
            dimensions: self.dimensions,
            blocks: self.blocks.clone(),
            augmentations: augmentations
                .map(|all| pick(all, self.dimensions, rows))
                .collect(),
        }
    }

    /// Returns how many of a row's first numbers are the network's own pooled features.
    pub fn pooled(&self) -> usize {
        self.blocks.first().copied().unwrap_or(self.dimensions)
    }
}

/// Returns some rows of `[rows, dimensions]`.
pub(crate) fn pick(all: &[f32], dimensions: usize, rows: &[usize]) -> Vec<f32> {
    let mut picked = Vec::with_capacity(rows.len() * dimensions);
    for row in rows {
        picked.extend_from_slice(&all[row * dimensions..][..dimensions]);
    }
    picked
}

/// Computes features with a backbone, or finds them in the cache.
#[derive(Clone)]
pub struct Pooling<'a> {
    /// The images.
    pub source: &'a dyn ImageSource,
    /// The network.
    pub backbone: &'a Backbone,
    /// The store of computed features.
    pub cache: FeatureCache,
    /// Folder of the cache, for messages.
    pub cache_folder: PathBuf,
    /// The encoder to compare with, if any.
    pub baseline: Option<Baseline<'a>>,
}

/// The outcome of one image; an error is the image's fault.
type Pooled = Result<PooledImage, String>;

impl Pooling<'_> {
    /// Returns the images with their features, in order, and those that have none with the reason.
    /// As many images are in memory at once as there are cores, and an image is read only if
    /// something is missing in the cache.
    ///
    /// # Errors
    /// If the cache cannot be written, or it was stopped. Results so far are kept.
    pub fn pool(
        &self,
        images: &[LabeledImage],
        augmentations: &[Augmentation],
        (progress, stop): (&dyn Progress, &Stop),
    ) -> Result<(Vec<PooledImage>, Vec<Dropped>), TrainingError> {
        progress.begin(Stage::Features, images.len() as u64);
        let pooled: Vec<Pooled> = images
            .par_iter()
            .with_max_len(1)
            .map(|image| {
                if stop.requested() {
                    return Err(TrainingError::Stopped);
                }
                let pooled = self.of_image(image, augmentations)?;
                progress.advance(1);
                Ok(pooled)
            })
            .collect::<Result<_, _>>()?;
        let (mut good, mut dropped) = (Vec::with_capacity(images.len()), Vec::new());
        for (image, pooled) in images.iter().zip(pooled) {
            match pooled {
                Ok(pooled) => good.push(pooled),
                Err(reason) => dropped.push((image.clone(), reason)),
            }
        }
        Ok((good, dropped))
    }

    /// Returns how many of an image's first features are the network's own pooled ones.
    pub fn pooled(&self) -> usize {
        let blocks = self.backbone.blocks().first().copied();
        blocks.unwrap_or(self.backbone.features())
    }

    /// Joins the features of images to rows.
    pub fn rows(&self, images: &mut [PooledImage], augmentations: usize) -> Features {
        let dimensions = self.backbone.features();
        let rows = |augmentation: usize| {
            let mut rows = Vec::with_capacity(images.len() * dimensions);
            for image in images.iter_mut() {
                rows.extend(std::mem::take(&mut image.features[augmentation]));
            }
            rows
        };
        Features {
            dimensions,
            blocks: self.backbone.blocks().to_vec(),
            augmentations: (0..augmentations).map(rows).collect(),
        }
    }

    fn of_image(
        &self,
        image: &LabeledImage,
        augmentations: &[Augmentation],
    ) -> Result<Pooled, TrainingError> {
        let version = self.source.version(image);
        let known = version.and_then(|version| self.cache.content(version));
        if let Some(content) = known
            && let Some(found) = self.cached(image, content, augmentations)
        {
            return Ok(Ok(found));
        }
        let bytes = match self.source.read(image) {
            Ok(bytes) => bytes,
            Err(reason) => return Ok(Err(reason)),
        };
        let content = Sha256::digest(&bytes).into();
        if let Some(version) = version {
            let kept = self.cache.put_content(version, content);
            kept.map_err(|source| self.cache_failed(source))?;
        }
        match self.cached(image, content, augmentations) {
            Some(found) => Ok(Ok(found)),
            None => self.computed(image, &bytes, content, augmentations),
        }
    }

    /// Returns the image if the cache has everything about it.
    fn cached(
        &self,
        image: &LabeledImage,
        content: [u8; 32],
        augmentations: &[Augmentation],
    ) -> Option<PooledImage> {
        let count = self.backbone.features();
        let features = augmentations
            .iter()
            .map(|augmentation| self.cache.get(content, augmentation, count))
            .collect::<Option<_>>()?;
        let baseline = match &self.baseline {
            Some(baseline) => baseline.cached(content)?,
            None => Vec::new(),
        };
        Some(PooledImage {
            image: image.clone(),
            content,
            features,
            baseline,
        })
    }

    /// Computes what the cache lacks, and keeps it.
    fn computed(
        &self,
        image: &LabeledImage,
        bytes: &Bytes,
        content: [u8; 32],
        augmentations: &[Augmentation],
    ) -> Result<Pooled, TrainingError> {
        let count = self.backbone.features();
        let get = |augmentation| self.cache.get(content, augmentation, count);
        let mut found: Vec<Option<Vec<f32>>> = augmentations.iter().map(get).collect();
        let missing: Vec<usize> = (0..augmentations.len())
            .filter(|&i| found[i].is_none())
            .collect();
        let asked: Vec<Augmentation> = missing.iter().map(|&i| augmentations[i]).collect();
        let pooled = match self.backbone.pool(bytes, &asked) {
            Ok(pooled) => pooled,
            Err(error) => return Ok(Err(error.to_string())),
        };
        for (place, features) in missing.into_iter().zip(pooled) {
            let kept = self.cache.put(content, &augmentations[place], &features);
            kept.map_err(|source| self.cache_failed(source))?;
            found[place] = Some(features);
        }
        let baseline = match self.baseline.as_ref().map(|b| b.vector(content, bytes)) {
            None => Vec::new(),
            Some(Ok((vector, kept))) => {
                kept.map_err(|source| self.cache_failed(source))?;
                vector
            }
            Some(Err(error)) => return Ok(Err(error.to_string())),
        };
        Ok(Ok(PooledImage {
            image: image.clone(),
            content,
            features: found.into_iter().flatten().collect(),
            baseline,
        }))
    }

    fn cache_failed(&self, source: std::io::Error) -> TrainingError {
        TrainingError::Cache {
            folder: self.cache_folder.clone(),
            source,
        }
    }
}
