//! Pooled features of picture files, computed in parallel and kept on disk.

use std::path::PathBuf;

use lookalike_encoder::{Backbone, View};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::cache::FeatureCache;
use crate::error::TrainingError;
use crate::labelled::LabelledPicture;
use crate::progress::{Progress, Stage, Stop};

/// A picture file that could be read, and the SHA-256 of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashed {
    /// The file and its label.
    pub picture: LabelledPicture,
    /// SHA-256 of its bytes.
    pub content: [u8; 32],
}

/// A picture file that could not be used, and why.
pub type Dropped = (LabelledPicture, String);

/// Features of pictures, `[rows, dimensions]` a view.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// Numbers a row.
    pub dimensions: usize,
    /// How many of them are the network's own pooled features, which come first, and how many those of
    /// each earlier stage.
    pub blocks: Vec<usize>,
    /// Row after row, for each view.
    pub views: Vec<Vec<f32>>,
}

impl Features {
    /// The plain view.
    pub fn plain(&self) -> &[f32] {
        self.views.first().map_or(&[], Vec::as_slice)
    }

    /// How many numbers of a row, the first, are the network's own pooled features.
    pub fn pooled(&self) -> usize {
        self.blocks.first().copied().unwrap_or(self.dimensions)
    }
}

/// Reads all pictures once, to know which are the same. Files that cannot be read are returned apart.
///
/// # Errors
/// When it was stopped.
pub fn hash_all(
    pictures: &[LabelledPicture],
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<(Vec<Hashed>, Vec<Dropped>), TrainingError> {
    progress.begin(Stage::Reading, pictures.len() as u64);
    let hashes: Vec<Result<Hashed, Dropped>> = pictures
        .par_iter()
        .map(|picture| {
            if stop.requested() {
                return Err(TrainingError::Stopped);
            }
            let read = std::fs::read(&picture.path);
            progress.advance(1);
            Ok(match read {
                Ok(bytes) => Ok(Hashed {
                    picture: picture.clone(),
                    content: Sha256::digest(&bytes).into(),
                }),
                Err(error) => Err((picture.clone(), format!("cannot read it: {error}"))),
            })
        })
        .collect::<Result<_, _>>()?;
    let mut good = Vec::new();
    let mut dropped = Vec::new();
    for hash in hashes {
        match hash {
            Ok(hashed) => good.push(hashed),
            Err(picture) => dropped.push(picture),
        }
    }
    Ok((good, dropped))
}

/// Computes features with a backbone, or finds them in the cache.
#[derive(Debug)]
pub struct Pooling<'a> {
    /// The network.
    pub backbone: &'a Backbone,
    /// Where features are kept.
    pub cache: FeatureCache,
    /// Folder of the cache, for messages.
    pub cache_folder: PathBuf,
}

impl Pooling<'_> {
    /// The features of pictures, in their order; those that have none are removed from `pictures` and
    /// returned with the reason.
    ///
    /// # Errors
    /// When the cache cannot be written, or it was stopped. What was computed by then is kept.
    pub fn pool(
        &self,
        pictures: &mut Vec<Hashed>,
        views: &[View],
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<(Features, Vec<Dropped>), TrainingError> {
        progress.begin(Stage::Features, (pictures.len() * views.len()) as u64);
        let pooled: Vec<Result<Vec<Vec<f32>>, String>> = pictures
            .par_iter()
            .with_max_len(1)
            .map(|hashed| {
                if stop.requested() {
                    return Err(TrainingError::Stopped);
                }
                let pooled = self.of_picture(hashed, views)?;
                progress.advance(views.len() as u64);
                Ok(pooled)
            })
            .collect::<Result<_, _>>()?;
        let mut features = Features {
            dimensions: self.backbone.features(),
            blocks: self.backbone.blocks().to_vec(),
            views: vec![Vec::new(); views.len()],
        };
        let mut kept = Vec::with_capacity(pictures.len());
        let mut dropped = Vec::new();
        for (hashed, pooled) in pictures.drain(..).zip(pooled) {
            match pooled {
                Ok(pooled) => {
                    for (view, values) in features.views.iter_mut().zip(pooled) {
                        view.extend(values);
                    }
                    kept.push(hashed);
                }
                Err(reason) => dropped.push((hashed.picture, reason)),
            }
        }
        *pictures = kept;
        Ok((features, dropped))
    }

    /// The inner error is the picture's.
    fn of_picture(
        &self,
        hashed: &Hashed,
        views: &[View],
    ) -> Result<Result<Vec<Vec<f32>>, String>, TrainingError> {
        let count = self.backbone.features();
        let get = |view| self.cache.get(hashed.content, view, count);
        let mut found: Vec<Option<Vec<f32>>> = views.iter().map(get).collect();
        let missing: Vec<usize> = (0..views.len()).filter(|&i| found[i].is_none()).collect();
        if !missing.is_empty() {
            let asked: Vec<View> = missing.iter().map(|&i| views[i]).collect();
            let bytes = match std::fs::read(&hashed.picture.path) {
                Ok(bytes) => bytes,
                Err(error) => return Ok(Err(format!("cannot read it: {error}"))),
            };
            let pooled = match self.backbone.pool(&bytes, &asked) {
                Ok(pooled) => pooled,
                Err(error) => return Ok(Err(error.to_string())),
            };
            for (place, features) in missing.into_iter().zip(pooled) {
                let kept = self.cache.put(hashed.content, &views[place], &features);
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
