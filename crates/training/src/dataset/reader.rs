//! Reads labeled folders and computes their features.

use std::collections::HashMap;

use lookalike_encoder::Augmentation;

use super::notes::Notes;
use super::split_off::Pooled;
use crate::error::TrainingError;
use crate::features::{self, Hashed, Pooling};
use crate::labeled::{LabeledFolder, LabeledImage};
use crate::progress::{Progress, Stop};

/// Reads folders, one after the other.
pub(super) struct Reader<'a> {
    pub(super) notes: Notes,
    pub(super) seen: HashMap<[u8; 32], LabeledImage>,
    pub(super) pooling: &'a Pooling<'a>,
    pub(super) watched: (&'a dyn Progress, &'a Stop),
}

impl Reader<'_> {
    /// Returns the distinct images of a folder.
    pub(super) fn read(&mut self, folder: &LabeledFolder) -> Result<Vec<Hashed>, TrainingError> {
        let (progress, stop) = self.watched;
        let (hashed, dropped) = features::hash_all(&folder.images, progress, stop)?;
        self.notes.drop_all(dropped);
        Ok(self.notes.unique(hashed, &mut self.seen))
    }

    /// Returns the images that have features.
    pub(super) fn pool(
        &mut self,
        mut images: Vec<Hashed>,
        augmentations: &[Augmentation],
    ) -> Result<Pooled, TrainingError> {
        let (progress, stop) = self.watched;
        let pooled = self
            .pooling
            .pool(&mut images, augmentations, progress, stop)?;
        let (features, dropped) = pooled;
        self.notes.drop_all(dropped);
        Ok(Pooled { images, features })
    }
}
