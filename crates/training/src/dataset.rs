//! From labelled folders to features that can be trained on.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use crate::error::TrainingError;
use crate::features::{self, Dropped, Features, Hashed, Pooling};
use crate::labelled::{LabelledFolder, LabelledPicture, Skipped};
use crate::progress::{Progress, Stop};
use crate::recipe::Recipe;
use crate::retrieval::Labelled;
use crate::split::{self, Item};
use lookalike_encoder::View;

/// Where the validation pictures come from.
#[derive(Debug, Clone)]
pub enum Validation {
    /// A share of the pictures, 0 to 1, of each category.
    Share(f64),
    /// Another folder.
    Folder(LabelledFolder),
}

/// Pictures with their features: everything that training needs.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Names of the categories; a label is a place in it. Those that train come first.
    pub categories: Vec<String>,
    /// How many of them train.
    pub trained: usize,
    /// What is learned from, and searched in when measuring.
    pub training: Set,
    /// What is searched for when measuring.
    pub validation: Set,
    /// Pictures that could not be used.
    pub skipped: Vec<Skipped>,
    /// Pictures that are there twice; the first of each is used.
    pub duplicates: Vec<Skipped>,
    /// What else is worth knowing about the pictures, a sentence each.
    pub notes: Vec<String>,
    /// Pictures by category name.
    pub counts: BTreeMap<String, Counts>,
}

/// Pictures of one side.
#[derive(Debug, Clone)]
pub struct Set {
    /// One row a picture.
    pub features: Features,
    /// One label a picture.
    pub labels: Vec<u32>,
}

/// How many pictures of a category did what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Trained.
    pub training: usize,
    /// Validated.
    pub validation: usize,
    /// Could not be used, or are there twice.
    pub skipped: usize,
}

impl Set {
    /// The plain view, for searching; `vectors` has the rows made of it.
    pub fn labelled<'a>(&'a self, vectors: &'a [f32], dimensions: usize) -> Labelled<'a> {
        Labelled {
            vectors,
            dimensions,
            labels: &self.labels,
        }
    }

    /// The pictures whose label is wanted.
    #[must_use]
    pub fn filtered(&self, wanted: impl Fn(u32) -> bool) -> Set {
        let labels = self.labels.iter().enumerate();
        self.rows(
            labels
                .filter(|(_, label)| wanted(**label))
                .map(|(row, _)| row),
        )
    }

    /// Some of the pictures.
    #[must_use]
    pub fn rows(&self, rows: impl Iterator<Item = usize>) -> Set {
        let rows: Vec<usize> = rows.collect();
        let dimensions = self.features.dimensions;
        let pick = |view: &Vec<f32>| {
            let picked = rows
                .iter()
                .flat_map(|row| &view[row * dimensions..][..dimensions]);
            picked.copied().collect()
        };
        Set {
            features: Features {
                dimensions,
                blocks: self.features.blocks.clone(),
                views: self.features.views.iter().map(pick).collect(),
            },
            labels: rows.iter().map(|&row| self.labels[row]).collect(),
        }
    }
}

impl Dataset {
    /// Reads, splits and pools. The seed decides which pictures validate.
    ///
    /// # Errors
    /// When too little is left to train with, the cache cannot be written, or it was stopped.
    pub fn prepare(
        folder: &LabelledFolder,
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
        let mut read = |folder: &LabelledFolder, notes: &mut Notes| {
            let (hashed, dropped) = features::hash_all(&folder.pictures, progress, stop)?;
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
        let (features, dropped) = pooling.pool(&mut training, &recipe.views, progress, stop)?;
        notes.drop_all(dropped);
        check_categories(&training, &notes)?;
        let (validation_features, dropped) =
            pooling.pool(&mut validating, &[View::PLAIN], progress, stop)?;
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
        let set = |pictures: &[Hashed], features| Set {
            features,
            labels: pictures
                .iter()
                .map(|hashed| place(&categories, hashed))
                .collect(),
        };
        Ok(Self {
            training: set(&training, features),
            validation: set(&validating, validation_features),
            trained,
            skipped: notes.skipped,
            duplicates: notes.duplicates,
            notes: notes.notes,
            counts: notes.counts,
            categories,
        })
    }
}

/// What is said about pictures on the way.
#[derive(Default)]
struct Notes {
    skipped: Vec<Skipped>,
    duplicates: Vec<Skipped>,
    notes: Vec<String>,
    counts: BTreeMap<String, Counts>,
}

impl Notes {
    fn drop_all(&mut self, dropped: Vec<Dropped>) {
        for (picture, reason) in dropped {
            self.drop(picture, reason);
        }
    }

    fn drop(&mut self, picture: LabelledPicture, reason: String) {
        self.counts.entry(picture.label).or_default().skipped += 1;
        self.skipped.push(Skipped {
            what: picture.name,
            reason,
        });
    }

    /// Leaves out what has been seen, in this folder or one before: the same picture twice would be
    /// found by itself.
    fn unique(
        &mut self,
        pictures: Vec<Hashed>,
        seen: &mut HashMap<[u8; 32], LabelledPicture>,
    ) -> Vec<Hashed> {
        let mut unique = Vec::with_capacity(pictures.len());
        for hashed in pictures {
            match seen.get(&hashed.content) {
                Some(first) if first.label == hashed.picture.label => {
                    let reason = format!("it is the same picture as {}", first.name);
                    self.counts.entry(hashed.picture.label).or_default().skipped += 1;
                    self.duplicates.push(Skipped {
                        what: hashed.picture.name,
                        reason,
                    });
                }
                Some(first) => {
                    let reason = format!(
                        "it is the same picture as {}, which is of category {:?}: only one can be right",
                        first.name, first.label
                    );
                    self.drop(hashed.picture, reason);
                }
                None => {
                    seen.insert(hashed.content, hashed.picture.clone());
                    unique.push(hashed);
                }
            }
        }
        unique
    }

    /// Counts what is used, and says which categories cannot validate.
    fn count(&mut self, training: &[Hashed], validating: &[Hashed]) {
        for hashed in training {
            self.entry(hashed).training += 1;
        }
        for hashed in validating {
            self.entry(hashed).validation += 1;
        }
        for (category, counts) in &self.counts {
            let what = match (counts.training, counts.validation) {
                (0, 0) => "has no picture that can be used",
                (0, _) => "has no training pictures, so its validation pictures do not count",
                (1, 0) => "has one picture: it trains, and none is left to validate with",
                (_, 0) => "has no validation pictures",
                _ => continue,
            };
            self.notes.push(format!("category {category:?} {what}"));
        }
    }

    fn entry(&mut self, hashed: &Hashed) -> &mut Counts {
        self.counts.entry(hashed.picture.label.clone()).or_default()
    }
}

fn split_off(training: &mut Vec<Hashed>, share: f64, seed: u64) -> Vec<Hashed> {
    let items: Vec<Item<'_>> = training
        .iter()
        .map(|hashed| Item {
            content: hashed.content,
            label: &hashed.picture.label,
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
    let mut labels = training.iter().map(|hashed| hashed.picture.label.as_str());
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
            pictures: training.len(),
        });
    }
    Ok(())
}

/// Those that train in order, then those that only validate; and how many the former are.
fn categories(training: &[Hashed], validating: &[Hashed]) -> (Vec<String>, usize) {
    let of = |pictures: &[Hashed]| -> BTreeSet<String> {
        pictures
            .iter()
            .map(|hashed| hashed.picture.label.clone())
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
        .position(|name| *name == hashed.picture.label);
    place.unwrap_or(categories.len()) as u32
}
