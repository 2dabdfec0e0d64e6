//! Preparation of labeled folders: features for training.

mod counts;
mod notes;
mod set;

pub use self::counts::Counts;
pub use self::set::Set;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use self::notes::Notes;
use self::set::place;
use crate::error::TrainingError;
use crate::features::{PooledImage, Pooling};
use crate::labeled::LabeledFolder;
use crate::others::OtherGoods;
use crate::progress::{Progress, Stop};
use crate::recipe::Recipe;
use crate::skipped::Skipped;
use crate::split::{self, Item};
use lookalike_encoder::Augmentation;

/// The source of the validation images.
#[derive(Debug, Clone)]
pub enum Validation {
    /// A share of the products of each category, 0 to 1, with all their images.
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

impl Dataset {
    /// Computes features and splits. The seed determines the products for validation.
    ///
    /// # Errors
    /// If too little is left for training, the cache cannot be written, or it was stopped.
    pub fn prepare(
        folder: &LabeledFolder,
        validation: &Validation,
        recipe: &Recipe,
        seed: u64,
        pooling: &Pooling<'_>,
        watched: (&dyn Progress, &Stop),
    ) -> Result<Self, TrainingError> {
        let mut notes = Notes {
            skipped: folder.skipped.clone(),
            ..Notes::default()
        };
        let mut seen = HashMap::new();
        let mut read = |folder: &LabeledFolder, augmentations: &[_], notes: &mut Notes| {
            let (pooled, dropped) = pooling.pool(&folder.images, augmentations, watched)?;
            notes.drop_all(dropped);
            Ok::<_, TrainingError>(notes.unique(pooled, &mut seen))
        };
        let mut training = read(folder, &recipe.augmentations, &mut notes)?;
        let validating = match validation {
            Validation::Share(share) => split_off(&mut training, *share, seed),
            Validation::Folder(folder) => {
                notes.skipped.extend(folder.skipped.iter().cloned());
                let others = read(folder, &[Augmentation::NONE], &mut notes)?;
                without_trained(others, &training, &mut notes)
            }
        };
        check_categories(&training, &notes)?;
        let (categories, trained) = categories(&training, &validating);
        if !validating
            .iter()
            .any(|pooled| place(&categories, pooled) < trained as u32)
        {
            return Err(TrainingError::NothingToValidate {
                categories: trained,
            });
        }
        notes.count(&training, &validating);
        let mut products = HashMap::new();
        Ok(Self {
            training: Set::of_images(
                training,
                &recipe.augmentations,
                (&categories, &mut products),
                pooling,
            ),
            validation: Set::of_images(
                validating,
                &[Augmentation::NONE],
                (&categories, &mut products),
                pooling,
            ),
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

fn split_off(training: &mut Vec<PooledImage>, share: f64, seed: u64) -> Vec<PooledImage> {
    let items: Vec<Item<'_>> = training
        .iter()
        .map(|pooled| Item {
            product: pooled.product(),
            label: &pooled.image.label,
        })
        .collect();
    let mut validates = split::validates(&items, share, seed).into_iter();
    let (validating, rest) = std::mem::take(training)
        .into_iter()
        .partition(|_| validates.next().unwrap_or(false));
    *training = rest;
    validating
}

/// Drops validation images of products that have training images: another image of the same product
/// is too easy to find.
fn without_trained(
    validating: Vec<PooledImage>,
    training: &[PooledImage],
    notes: &mut Notes,
) -> Vec<PooledImage> {
    let trained: HashSet<[u8; 32]> = training.iter().map(PooledImage::product).collect();
    let (dropped, kept): (Vec<_>, Vec<_>) = validating
        .into_iter()
        .partition(|pooled| trained.contains(&pooled.product()));
    let reason = "its product has images for training, so it cannot validate";
    let dropped = dropped.into_iter();
    notes.drop_all(
        dropped
            .map(|pooled| (pooled.image, reason.to_owned()))
            .collect(),
    );
    kept
}

fn check_categories(training: &[PooledImage], notes: &Notes) -> Result<(), TrainingError> {
    let mut labels = training.iter().map(|pooled| pooled.image.label.as_str());
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
fn categories(training: &[PooledImage], validating: &[PooledImage]) -> (Vec<String>, usize) {
    let of = |images: &[PooledImage]| -> BTreeSet<String> {
        images
            .iter()
            .map(|pooled| pooled.image.label.clone())
            .collect()
    };
    let trained = of(training);
    let count = trained.len();
    let others: Vec<String> = of(validating).difference(&trained).cloned().collect();
    (trained.into_iter().chain(others).collect(), count)
}
