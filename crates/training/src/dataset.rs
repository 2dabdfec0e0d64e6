//! Preparation of labeled folders: features for training.

mod counts;
mod notes;
mod reader;
mod set;
mod split_off;
mod suspects;

pub use self::counts::Counts;
pub use self::set::Set;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use self::notes::Notes;
use self::reader::Reader;
use self::split_off::{Pooled, split_off};
use self::suspects::{similar_images, suspects};
use crate::error::TrainingError;
use crate::features::{Hashed, Pooling};
use crate::image_labels::ImageLabels;
use crate::labeled::LabeledFolder;
use crate::others::OtherGoods;
use crate::progress::{Progress, Stop};
use crate::recipe::Recipe;
use crate::similar_images::SuspectImage;
use crate::skipped::Skipped;
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
    /// Images that may be in the wrong category, most certain first.
    pub suspects: Vec<SuspectImage>,
    /// Remarks about the images, a sentence each.
    pub notes: Vec<String>,
    /// Images by category name.
    pub counts: BTreeMap<String, Counts>,
}

impl Dataset {
    /// Reads, pools and splits. The seed determines the images for validation.
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
        let mut reader = Reader {
            notes: Notes {
                skipped: folder.skipped.clone(),
                ..Notes::default()
            },
            seen: HashMap::new(),
            pooling,
            watched,
        };
        let images = reader.read(folder)?;
        check_categories(&images, &reader.notes)?;
        // A folder takes the place of a share.
        let (share, further) = match validation {
            Validation::Share(share) => (*share, None),
            Validation::Folder(folder) => {
                reader.notes.skipped.extend(folder.skipped.iter().cloned());
                (0.0, Some(reader.read(folder)?))
            }
        };
        let mut training = reader.pool(images, &recipe.augmentations)?;
        check_categories(&training.images, &reader.notes)?;
        let further = further
            .map(|images| reader.pool(images, &[Augmentation::NONE]))
            .transpose()?;
        let similar = similar_images(&training, further.as_ref(), watched.1)?;
        let all = training.images.iter();
        let all = all.chain(further.iter().flat_map(|pooled| &pooled.images));
        let suspects = suspects(&similar, &all.collect::<Vec<_>>());
        let mut notes = reader.notes;
        let validating = match further {
            Some(further) => {
                notes.on_both_sides(&similar, training.images.len());
                further
            }
            None => {
                notes.grouped(&similar);
                split_off(&mut training, &similar.groups, share, seed)
            }
        };
        Self::assemble(training, validating, notes, suspects)
    }

    fn assemble(
        training: Pooled,
        validating: Pooled,
        mut notes: Notes,
        suspects: Vec<SuspectImage>,
    ) -> Result<Self, TrainingError> {
        let (categories, trained) = categories(&training.images, &validating.images);
        let numbers: HashMap<&str, u32> = categories.iter().map(String::as_str).zip(0..).collect();
        let set = |pooled: Pooled| {
            let of_image = |hashed: &Hashed| {
                let labels = hashed.image.labels();
                labels
                    .filter_map(|label| numbers.get(label).copied())
                    .collect()
            };
            Set {
                labels: ImageLabels::new(pooled.images.iter().map(of_image)),
                features: pooled.features,
            }
        };
        notes.count(&training.images, &validating.images);
        let (training, validation) = (set(training), set(validating));
        if !validation
            .labels
            .firsts()
            .iter()
            .any(|&label| label < trained as u32)
        {
            return Err(TrainingError::NothingToValidate {
                categories: trained,
            });
        }
        Ok(Self {
            training,
            validation,
            trained,
            others: Vec::new(),
            skipped: notes.skipped,
            duplicates: notes.duplicates,
            suspects,
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

fn check_categories(training: &[Hashed], notes: &Notes) -> Result<(), TrainingError> {
    let labels = training.iter().flat_map(|hashed| hashed.image.labels());
    let labels: BTreeSet<&str> = labels.collect();
    let mut labels = labels.into_iter();
    match (labels.next(), labels.next()) {
        (None, _) => {
            let first = notes.skipped.first();
            Err(TrainingError::NothingUsable {
                found: notes.skipped.len(),
                first: first.map_or_else(String::new, |s| format!("{}: {}", s.what, s.reason)),
            })
        }
        (Some(category), None) => Err(TrainingError::OneCategory {
            category: category.to_owned(),
            images: training.len(),
        }),
        _ => Ok(()),
    }
}

/// Returns the trained categories in order, then those with only validation images; and the number
/// of the former.
fn categories(training: &[Hashed], validating: &[Hashed]) -> (Vec<String>, usize) {
    let of = |images: &[Hashed]| -> BTreeSet<String> {
        let labels = images.iter().flat_map(|hashed| hashed.image.labels());
        labels.map(str::to_owned).collect()
    };
    let trained = of(training);
    let count = trained.len();
    let others: Vec<String> = of(validating).difference(&trained).cloned().collect();
    (trained.into_iter().chain(others).collect(), count)
}
