//! Pooled features of image files, computed in parallel and kept on disk.

use std::path::PathBuf;

use lookalike_encoder::{Augmentation, Backbone};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::cache::FeatureCache;
use crate::error::TrainingError;
use crate::labeled::LabeledImage;
use crate::progress::{Progress, Stage, Stop};

/// An image file that was read, and the SHA-256 of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashed {
    /// The file and its label.
    pub image: LabeledImage,
    /// SHA-256 of its bytes.
    pub content: [u8; 32],
}

/// An image file that could not be used, and the reason.
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
        self.with(self.augmentations.iter().map(|all| self.pick(all, rows)))
    }

    /// Returns the features of some plain images.
    #[must_use]
    pub fn plain_rows(&self, rows: &[usize]) -> Self {
        self.with(std::iter::once(self.pick(self.plain(), rows)))
    }

    /// Keeps some images, without copying all augmentations at once.
    pub fn keep_rows(&mut self, rows: &[usize]) {
        for place in 0..self.augmentations.len() {
            self.augmentations[place] = self.pick(&self.augmentations[place], rows);
        }
    }

    fn with(&self, augmentations: impl Iterator<Item = Vec<f32>>) -> Self {
        Self {
            dimensions: self.dimensions,
            blocks: self.blocks.clone(),
            augmentations: augmentations.collect(),
        }
    }

    fn pick(&self, all: &[f32], rows: &[usize]) -> Vec<f32> {
        let mut picked = Vec::with_capacity(rows.len() * self.dimensions);
        for row in rows {
            picked.extend_from_slice(&all[row * self.dimensions..][..self.dimensions]);
        }
        picked
    }

    /// Returns how many of a row's first numbers are the network's own pooled features.
    pub fn pooled(&self) -> usize {
        self.blocks.first().copied().unwrap_or(self.dimensions)
    }
}

/// Reads all images once, to find equal ones. Files that cannot be read are returned separately.
///
/// # Errors
/// If it was stopped.
pub fn hash_all(
    images: &[LabeledImage],
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<(Vec<Hashed>, Vec<Dropped>), TrainingError> {
    progress.begin(Stage::Reading, images.len() as u64);
    let hashes: Vec<Result<Hashed, Dropped>> = images
        .par_iter()
        .map(|image| {
            if stop.requested() {
                return Err(TrainingError::Stopped);
            }
            let read = std::fs::read(&image.path);
            progress.advance(1);
            Ok(match read {
                Ok(bytes) => Ok(Hashed {
                    image: image.clone(),
                    content: Sha256::digest(&bytes).into(),
                }),
                Err(error) => Err((image.clone(), format!("cannot read it: {error}"))),
            })
        })
        .collect::<Result<_, _>>()?;
    let mut good = Vec::new();
    let mut dropped = Vec::new();
    for hash in hashes {
        match hash {
            Ok(hashed) => good.push(hashed),
            Err(image) => dropped.push(image),
        }
    }
    Ok((good, dropped))
}

/// Computes features with a backbone, or finds them in the cache.
#[derive(Debug)]
pub struct Pooling<'a> {
    /// The network.
    pub backbone: &'a Backbone,
    /// The store of computed features.
    pub cache: FeatureCache,
    /// Folder of the cache, for messages.
    pub cache_folder: PathBuf,
}

impl Pooling<'_> {
    /// Returns the features of images, in order; those that have none are removed from `images` and
    /// returned with the reason.
    ///
    /// # Errors
    /// If the cache cannot be written, or it was stopped. Results so far are kept.
    pub fn pool(
        &self,
        images: &mut Vec<Hashed>,
        augmentations: &[Augmentation],
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<(Features, Vec<Dropped>), TrainingError> {
        progress.begin(Stage::Features, (images.len() * augmentations.len()) as u64);
        let pooled: Vec<Result<Vec<Vec<f32>>, String>> = images
            .par_iter()
            .with_max_len(1)
            .map(|hashed| {
                if stop.requested() {
                    return Err(TrainingError::Stopped);
                }
                let pooled = self.of_image(hashed, augmentations)?;
                progress.advance(augmentations.len() as u64);
                Ok(pooled)
            })
            .collect::<Result<_, _>>()?;
        let mut features = Features {
            dimensions: self.backbone.features(),
            blocks: self.backbone.blocks().to_vec(),
            augmentations: vec![Vec::new(); augmentations.len()],
        };
        let mut kept = Vec::with_capacity(images.len());
        let mut dropped = Vec::new();
        for (hashed, pooled) in images.drain(..).zip(pooled) {
            match pooled {
                Ok(pooled) => {
                    for (augmentation, values) in features.augmentations.iter_mut().zip(pooled) {
                        augmentation.extend(values);
                    }
                    kept.push(hashed);
                }
                Err(reason) => dropped.push((hashed.image, reason)),
            }
        }
        *images = kept;
        Ok((features, dropped))
    }

    /// Returns the features of one image; the inner error is the image's fault.
    fn of_image(
        &self,
        hashed: &Hashed,
        augmentations: &[Augmentation],
    ) -> Result<Result<Vec<Vec<f32>>, String>, TrainingError> {
        let count = self.backbone.features();
        let get = |augmentation| self.cache.get(hashed.content, augmentation, count);
        let mut found: Vec<Option<Vec<f32>>> = augmentations.iter().map(get).collect();
        let missing: Vec<usize> = (0..augmentations.len())
            .filter(|&i| found[i].is_none())
            .collect();
        if !missing.is_empty() {
            let asked: Vec<Augmentation> = missing.iter().map(|&i| augmentations[i]).collect();
            let bytes = match std::fs::read(&hashed.image.path) {
                Ok(bytes) => bytes,
                Err(error) => return Ok(Err(format!("cannot read it: {error}"))),
            };
            let pooled = match self.backbone.pool(&bytes, &asked) {
                Ok(pooled) => pooled,
                Err(error) => return Ok(Err(error.to_string())),
            };
            for (place, features) in missing.into_iter().zip(pooled) {
                let kept = self
                    .cache
                    .put(hashed.content, &augmentations[place], &features);
                kept.map_err(|source| TrainingError::Cache {
                    folder: self.cache_folder.clone(),
                    source,
                })?;
                found[place] = Some(features);
            }
        }
        Ok(Ok(found.into_iter().flatten().collect()))
    }
}
