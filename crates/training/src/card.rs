use std::collections::BTreeMap;

use lookalike_encoder::Backbone;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::dataset::{Counts, Dataset};
use crate::fine_tuning::{Trained, TrainingLog};
use crate::gain::Gain;
use crate::hex;
use crate::leave_one_out::LeftOut;
use crate::metrics::{self, Confusion, Measures};
use crate::recipe::Recipe;
use crate::similar_images::SuspectImage;
use crate::skipped::Skipped;

/// The metadata entry of an ONNX file that lists its parents, as JSON.
const PARENTS: &str = "parents";

/// The contents of `card.json`, which describes a fine-tuned encoder.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Card {
    /// The encoder's name.
    pub name: String,
    /// The program that made it, and its version.
    pub created_by: String,
    /// The encoders that it was made from, nearest first.
    pub parents: Vec<Parent>,
    /// The terms under which it may be used, as given by the person who made it.
    pub licence: Vec<String>,
    /// Length of an embedding.
    pub dimensions: usize,
    /// SHA-256 of `model.onnx`.
    pub model_sha256: String,
    /// Size of `model.onnx` in bytes.
    pub model_bytes: usize,
    /// Seed of all random numbers.
    pub seed: u64,
    /// All parameters.
    pub recipe: Recipe,
    /// The course of training.
    #[serde(rename = "course")]
    pub training_log: TrainingLog,
    /// Images by category.
    pub data: BTreeMap<String, Counts>,
    /// Number of images of other goods, by the name of their folder.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<String, usize>,
    /// Images that could not be used.
    pub skipped: Vec<Skipped>,
    /// Images that occur twice, of which the first was used, and validation images that are nearly
    /// identical to training images.
    pub duplicates: Vec<Skipped>,
    /// Images that may be in the wrong category, because most of their nearest images are of another
    /// one; most certain first.
    pub suspects: Vec<SuspectImage>,
    /// Remarks about the images, a sentence each.
    pub notes: Vec<String>,
    /// Validation images searched for among the training images.
    pub validation: BeforeAndAfter,
    /// Comparison with the encoder that was used before, on held-out products; absent if that encoder
    /// cannot be run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_out: Option<Gain>,
    /// Measures of categories that were left out of training in turn, if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
    /// For validation images of each category: categories of the nearest training images.
    pub confusion: Confusion,
}

/// Measures of the backbone's pooled features and of the fine-tuned encoder.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BeforeAndAfter {
    /// With the backbone's pooled features.
    pub before: Measures,
    /// With the fine-tuned encoder.
    pub after: Measures,
}

/// An encoder that another one was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// Its name.
    pub name: String,
    /// SHA-256 of its ONNX file.
    pub sha256: String,
}

/// Details that the person who runs fine-tuning gives about the result.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The encoder's name.
    pub name: String,
    /// The terms under which it may be used; one entry for each source.
    pub licence: Vec<String>,
}

/// Returns a backbone, and what it was made from.
pub fn parents(backbone: &Backbone) -> Vec<Parent> {
    let mut parents = vec![Parent {
        name: backbone.name().to_owned(),
        sha256: hex(&backbone.file_sha256()),
    }];
    let key = format!("lookalike.{PARENTS}");
    let mut entries = backbone.metadata().iter();
    if let Some((_, value)) = entries.find(|(found, _)| *found == key) {
        // The file may come from anywhere, so a malformed list counts as empty.
        parents.extend(serde_json::from_str::<Vec<Parent>>(value).unwrap_or_default());
    }
    parents
}

/// Makes the ONNX file of a trained head behind its backbone, including its parents.
///
/// # Errors
/// If the backbone cannot be joined with it.
pub fn model(
    backbone: &Backbone,
    trained: &Trained,
    about: &About,
) -> Result<Vec<u8>, lookalike_encoder::LoadError> {
    let parents = serde_json::to_string(&parents(backbone)).unwrap_or_default();
    let entries = [
        ("name", about.name.as_str()),
        ("created_by", CREATED_BY),
        (PARENTS, parents.as_str()),
    ];
    backbone.join(&trained.head, &entries)
}

const CREATED_BY: &str = concat!("lookalike ", env!("CARGO_PKG_VERSION"));

impl Card {
    /// Makes the card of a model file; measures both encoders on the validation images.
    pub fn new(
        about: &About,
        backbone: &Backbone,
        dataset: &Dataset,
        (recipe, seed): (&Recipe, u64),
        trained: &Trained,
        model: &[u8],
    ) -> Self {
        let (before, _) = metrics::with_confusion(dataset, None);
        let (after, confusion) = metrics::with_confusion(dataset, Some(&trained.head));
        Self {
            name: about.name.clone(),
            created_by: CREATED_BY.to_owned(),
            parents: parents(backbone),
            licence: about.licence.clone(),
            dimensions: trained.head.dimensions(),
            model_sha256: hex(&Sha256::digest(model)),
            model_bytes: model.len(),
            seed,
            recipe: recipe.clone(),
            training_log: trained.log,
            data: dataset.counts.clone(),
            others: dataset
                .others
                .iter()
                .map(|others| (others.name.clone(), others.images()))
                .collect(),
            skipped: dataset.skipped.clone(),
            duplicates: dataset.duplicates.clone(),
            suspects: dataset.suspects.clone(),
            notes: dataset.notes.clone(),
            validation: BeforeAndAfter { before, after },
            held_out: None,
            left_out: None,
            confusion,
        }
    }

    /// Returns the bytes of `card.json`.
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec_pretty(self).unwrap_or_default();
        json.push(b'\n');
        json
    }
}
