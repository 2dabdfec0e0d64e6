//! Preparation of labeled folders: features for training.

mod counts;
mod notes;
mod set;
mod split_off;
mod suspects;

pub use self::counts::Counts;
pub use self::set::Set;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use self::notes::{Notes, Seen};
use self::split_off::{split_off, without_copies, without_trained};
use self::suspects::{similar_images, suspects};
use crate::common_labels::CommonLabels;
use crate::error::TrainingError;
use crate::features::{PooledImage, Pooling};
use crate::labeled::{LabeledFolder, LabeledImage};
use crate::others::OtherGoods;
use crate::progress::{Progress, Stop};
use crate::recipe::Recipe;
use crate::similar_images::SuspectImage;
use crate::skipped::Skipped;
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
    /// Images that occur twice, of which the first is used, and validation images that are nearly
    /// identical to training images.
    pub duplicates: Vec<Skipped>,
    /// Images that may be in the wrong category, most certain first.
    pub suspects: Vec<SuspectImage>,
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
        // Before features, which may take hours.
        notes.common = common_labels(folder.images.iter(), &notes)?;
        let mut seen = Seen::new();
        let mut read = |folder: &LabeledFolder, augmentations: &[_], notes: &mut Notes| {
            let (pooled, dropped) = pooling.pool(&folder.images, augmentations, watched)?;
            notes.drop_all(dropped);
            Ok::<_, TrainingError>(notes.unique(pooled, &mut seen))
        };
        let mut training = read(folder, &recipe.augmentations, &mut notes)?;
        notes.common = common_labels(training.iter().map(|pooled| &pooled.image), &notes)?;
        let further = match validation {
            Validation::Share(_) => None,
            Validation::Folder(folder) => {
                notes.skipped.extend(folder.skipped.iter().cloned());
                Some(read(folder, &[Augmentation::NONE], &mut notes)?)
            }
        };
        let all: Vec<&PooledImage> = training.iter().chain(further.iter().flatten()).collect();
        let similar = similar_images(&all, &notes.common, pooling, watched.1)?;
        notes.suspects = suspects(&similar, &all);
        notes.indistinct(&similar);
        notes.join_similar(&all, &similar);
        let validating = match (further, validation) {
            (None, Validation::Share(share)) => {
                notes.grouped(&similar);
                split_off(&mut training, &notes, *share, seed)
            }
            (further, _) => {
                let further = further.unwrap_or_default();
                let further = without_copies(further, &training, &similar, &mut notes);
                without_trained(further, &training, &mut notes)
            }
        };
        Self::assemble((training, validating), notes, recipe, pooling)
    }

    fn assemble(
        (training, validating): (Vec<PooledImage>, Vec<PooledImage>),
        mut notes: Notes,
        recipe: &Recipe,
        pooling: &Pooling<'_>,
    ) -> Result<Self, TrainingError> {
        let (categories, trained) = categories(&training, &validating, &notes);
        let numbers: HashMap<&str, u32> = categories.iter().map(String::as_str).zip(0..).collect();
        let is_trained = |pooled: &PooledImage| {
            let mut labels = notes.labels(&pooled.image).into_iter();
            labels.any(|label| numbers[label] < trained as u32)
        };
        if !validating.iter().any(is_trained) {
            return Err(TrainingError::NothingToValidate {
                categories: trained,
            });
        }
        notes.count(&training, &validating);
        let mut products = HashMap::new();
        let mut number = |product| {
            let next = products.len() as u32;
            *products.entry(notes.joined.of(product)).or_insert(next)
        };
        let mut set = |images, augmentations: &[_]| {
            Set::of_images(images, augmentations, &numbers, &mut number, pooling)
        };
        Ok(Self {
            training: set(training, &recipe.augmentations),
            validation: set(validating, &[Augmentation::NONE]),
            trained,
            others: Vec::new(),
            skipped: notes.skipped,
            duplicates: notes.duplicates,
            suspects: notes.suspects,
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

/// Returns the labels that tell nothing apart.
///
/// # Errors
/// If fewer than two others are left.
fn common_labels<'a>(
    images: impl ExactSizeIterator<Item = &'a LabeledImage> + Clone,
    notes: &Notes,
) -> Result<CommonLabels, TrainingError> {
    let count = images.len();
    let labels: BTreeSet<&str> = images.clone().flat_map(LabeledImage::labels).collect();
    let mut names = labels.iter();
    match (names.next(), names.next()) {
        (None, _) => {
            let first = notes.skipped.first();
            return Err(TrainingError::NothingUsable {
                found: notes.skipped.len(),
                first: first.map_or_else(String::new, |s| format!("{}: {}", s.what, s.reason)),
            });
        }
        (Some(&category), None) => {
            return Err(TrainingError::OneCategory {
                category: category.to_owned(),
                images: count,
            });
        }
        _ => {}
    }
    let common = CommonLabels::of(images);
    let left = labels.len() - common.counts().len();
    if left < 2 {
        return Err(TrainingError::CommonCategories {
            images: count,
            common: common.list(),
            left,
        });
    }
    Ok(common)
}

/// Returns the trained categories in order, then those with only validation images; and the number
/// of the former.
fn categories(
    training: &[PooledImage],
    validating: &[PooledImage],
    notes: &Notes,
) -> (Vec<String>, usize) {
    let of = |images: &[PooledImage]| -> BTreeSet<String> {
        let labels = images.iter().flat_map(|pooled| notes.labels(&pooled.image));
        labels.map(str::to_owned).collect()
    };
    let trained = of(training);
    let count = trained.len();
    let others: Vec<String> = of(validating).difference(&trained).cloned().collect();
    (trained.into_iter().chain(others).collect(), count)
}
