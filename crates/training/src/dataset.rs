//! Preparation of labeled folders: features for training.

mod counts;
mod notes;

pub use self::counts::Counts;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use self::notes::Notes;
use crate::error::TrainingError;
use crate::features::{self, Features, Hashed, Pooling};
use crate::labeled::LabeledFolder;
use crate::others::OtherGoods;
use crate::progress::{Progress, Stop};
use crate::recipe::Recipe;
use crate::retrieval::Labeled;
use crate::skipped::Skipped;
use crate::split::{self, Item};
use lookalike_encoder::Augmentation;

/// The source of the validation images.
#[derive(Debug, Clone)]
pub enum Validation {
    /// A share of the images of each category, 0 to 1.
    Share(f64),
    /// Another folder.
    Folder(LabeledFolder),
}

/// Images with their features: everything that training needs.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Names of the categories; a label is an index into them. Trained categories come first.
    pub categories: Vec<String>,
    /// Number of trained categories.
    pub trained: usize,
    /// The images for training, which are also searched in measurements.
    pub training: Set,
    /// The images that are searched for in measurements.
    pub validation: Set,
    /// Images of other goods, if any.
    pub others: Vec<OtherGoods>,
    /// Images that could not be used.
    pub skipped: Vec<Skipped>,
    /// Images that occur twice; the first of each is used.
    pub duplicates: Vec<Skipped>,
    /// Remarks about the images, a sentence each.
    pub notes: Vec<String>,
    /// Images by category name.
    pub counts: BTreeMap<String, Counts>,
}

/// Images of one half of the split.
#[derive(Debug, Clone)]
pub struct Set {
    /// Features, one row for each image.
    pub features: Features,
    /// Labels, one for each image.
    pub labels: Vec<u32>,
}

impl Set {
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
        let pick = |augmentation: &Vec<f32>| {
            let picked = rows
                .iter()
                .flat_map(|row| &augmentation[row * dimensions..][..dimensions]);
            picked.copied().collect()
        };
        Set {
            features: Features {
                dimensions,
                blocks: self.features.blocks.clone(),
                augmentations: self.features.augmentations.iter().map(pick).collect(),
            },
            labels: rows.iter().map(|&row| self.labels[row]).collect(),
        }
    }
}

impl Dataset {
    /// Reads, splits and pools. The seed determines the images for validation.
    ///
    /// # Errors
    /// If too little is left for training, the cache cannot be written, or it was stopped.
    pub fn prepare(
        folder: &LabeledFolder,
        validation: &Validation,
        recipe: &Recipe,
        seed: u64,
        pooling: &Pooling<'_>,
        (progress, stop): (&dyn Progress, &Stop),
    ) -> Result<Self, TrainingError> {
        let mut notes = Notes {
            skipped: folder.skipped.clone(),
            ..Notes::default()
        };
        let mut seen = HashMap::new();
        let mut read = |folder: &LabeledFolder, notes: &mut Notes| {
            let (hashed, dropped) = features::hash_all(&folder.images, progress, stop)?;
            notes.drop_all(dropped);
            Ok::<_, TrainingError>(notes.unique(hashed, &mut seen))
        };
        let mut training = read(folder, &mut notes)?;
        let mut validating = match validation {
            Validation::Share(share) => split_off(&mut training, *share, seed),
            Validation::Folder(folder) => {
                notes.skipped.extend(folder.skipped.iter().cloned());
                read(folder, &mut notes)?
            }
        };
        check_categories(&training, &notes)?;
        let (features, dropped) =
            pooling.pool(&mut training, &recipe.augmentations, progress, stop)?;
        notes.drop_all(dropped);
        check_categories(&training, &notes)?;
        let (validation_features, dropped) =
            pooling.pool(&mut validating, &[Augmentation::NONE], progress, stop)?;
        notes.drop_all(dropped);
        let (categories, trained) = categories(&training, &validating);
        if !validating
            .iter()
            .any(|hashed| place(&categories, hashed) < trained as u32)
        {
            return Err(TrainingError::NothingToValidate {
                categories: trained,
            });
        }
        notes.count(&training, &validating);
        let set = |images: &[Hashed], features| Set {
            features,
            labels: images
                .iter()
                .map(|hashed| place(&categories, hashed))
                .collect(),
        };
        Ok(Self {
            training: set(&training, features),
            validation: set(&validating, validation_features),
            trained,
            others: Vec::new(),
            skipped: notes.skipped,
            duplicates: notes.duplicates,
            notes: notes.notes,
            counts: notes.counts,
            categories,
        })
    }

    /// Adds images of other goods.
    ///
    /// # Errors
    /// The errors of [`OtherGoods::pool`].
    pub fn add_others(
        &mut self,
        name: String,
        folder: &LabeledFolder,
        pooling: &Pooling<'_>,
        watched: (&dyn Progress, &Stop),
    ) -> Result<(), TrainingError> {
        let (others, dropped) = OtherGoods::pool(name, folder, pooling, watched)?;
        self.others.push(others);
        self.skipped.extend(folder.skipped.iter().cloned());
        self.skipped
            .extend(dropped.into_iter().map(|(image, reason)| Skipped {
                what: image.name,
                reason,
            }));
        Ok(())
    }
}

fn split_off(training: &mut Vec<Hashed>, share: f64, seed: u64) -> Vec<Hashed> {
    let items: Vec<Item<'_>> = training
        .iter()
        .map(|hashed| Item {
            content: hashed.content,
            label: &hashed.image.label,
        })
        .collect();
    let mut validates = split::validates(&items, share, seed).into_iter();
    let (validating, rest) = std::mem::take(training)
        .into_iter()
        .partition(|_| validates.next().unwrap_or(false));
    *training = rest;
    validating
}

fn check_categories(training: &[Hashed], notes: &Notes) -> Result<(), TrainingError> {
    let mut labels = training.iter().map(|hashed| hashed.image.label.as_str());
    let Some(first) = labels.next() else {
        let first = notes.skipped.first();
        return Err(TrainingError::NothingUsable {
            found: notes.skipped.len(),
            first: first.map_or_else(String::new, |s| format!("{}: {}", s.what, s.reason)),
        });
    };
    if labels.all(|label| label == first) {
        return Err(TrainingError::OneCategory {
            category: first.to_owned(),
            images: training.len(),
        });
    }
    Ok(())
}

/// Returns the trained categories in order, then those with only validation images; and the number
/// of the former.
fn categories(training: &[Hashed], validating: &[Hashed]) -> (Vec<String>, usize) {
    let of = |images: &[Hashed]| -> BTreeSet<String> {
        images
            .iter()
            .map(|hashed| hashed.image.label.clone())
            .collect()
    };
    let trained = of(training);
    let count = trained.len();
    let others: Vec<String> = of(validating).difference(&trained).cloned().collect();
    (trained.into_iter().chain(others).collect(), count)
}

fn place(categories: &[String], hashed: &Hashed) -> u32 {
    let place = categories
        .iter()
        .position(|name| *name == hashed.image.label);
    place.unwrap_or(categories.len()) as u32
}
