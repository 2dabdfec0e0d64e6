use std::collections::BTreeMap;

use lookalike_encoder::Backbone;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::dataset::{Counts, Dataset};
use crate::fine_tuning::{Course, Trained};
use crate::hex;
use crate::labelled::Skipped;
use crate::leave_one_out::LeftOut;
use crate::measure::{self, Confusion, Measures};
use crate::recipe::Recipe;

/// The metadata entry of an ONNX file that lists what it was made from, as JSON.
const PARENTS: &str = "parents";

/// What `card.json` says of a fine-tuned encoder.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Card {
    /// The encoder's name.
    pub name: String,
    /// The program that made it, and its version.
    pub created_by: String,
    /// What it was made from, the nearest first.
    pub parents: Vec<Parent>,
    /// Under which terms it may be used, as whoever made it said.
    pub licence: Vec<String>,
    /// Length of an embedding.
    pub dimensions: usize,
    /// SHA-256 of `model.onnx`.
    pub model_sha256: String,
    /// Size of `model.onnx` in bytes.
    pub model_bytes: usize,
    /// What all random numbers came from.
    pub seed: u64,
    /// Everything that can be chosen.
    pub recipe: Recipe,
    /// How training went.
    pub course: Course,
    /// Pictures by category.
    pub data: BTreeMap<String, Counts>,
    /// Pictures that could not be used.
    pub skipped: Vec<Skipped>,
    /// Pictures that are there twice; the first of each was used.
    pub duplicates: Vec<Skipped>,
    /// What else is worth knowing about the pictures, a sentence each.
    pub notes: Vec<String>,
    /// Validation pictures searched for among the training pictures.
    pub validation: BeforeAndAfter,
    /// The same where each category was left out of training in turn, if it was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
    /// For validation pictures of each category, of which category the nearest training picture was.
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

/// What an encoder was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// Its name.
    pub name: String,
    /// SHA-256 of its ONNX file.
    pub sha256: String,
}

/// What the person who runs it says about the result.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The encoder's name.
    pub name: String,
    /// Under which terms it may be used; one entry for each thing it was made from.
    pub licence: Vec<String>,
}

/// A backbone, and what that was made from.
pub fn parents(backbone: &Backbone) -> Vec<Parent> {
    let mut parents = vec![Parent {
        name: backbone.name().to_owned(),
        sha256: hex(&backbone.file_sha256()),
    }];
    let key = format!("lookalike.{PARENTS}");
    let mut entries = backbone.metadata().iter();
    if let Some((_, value)) = entries.find(|(found, _)| *found == key) {
        // A file may come from anywhere; a list that is none says nothing.
        parents.extend(serde_json::from_str::<Vec<Parent>>(value).unwrap_or_default());
    }
    parents
}

/// The ONNX file of a trained tail behind its backbone, which carries its parents.
///
/// # Errors
/// When the backbone cannot be joined with it.
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
    backbone.join(&trained.tail, &entries)
}

const CREATED_BY: &str = concat!("lookalike ", env!("CARGO_PKG_VERSION"));

impl Card {
    /// The card of a model file; measures both encoders on the validation pictures.
    pub fn new(
        about: &About,
        backbone: &Backbone,
        dataset: &Dataset,
        (recipe, seed): (&Recipe, u64),
        trained: &Trained,
        model: &[u8],
    ) -> Self {
        let (before, _) = measure::with_confusion(dataset, None);
        let (after, confusion) = measure::with_confusion(dataset, Some(&trained.tail));
        Self {
            name: about.name.clone(),
            created_by: CREATED_BY.to_owned(),
            parents: parents(backbone),
            licence: about.licence.clone(),
            dimensions: trained.tail.dimensions(),
            model_sha256: hex(&Sha256::digest(model)),
            model_bytes: model.len(),
            seed,
            recipe: recipe.clone(),
            course: trained.course,
            data: dataset.counts.clone(),
            skipped: dataset.skipped.clone(),
            duplicates: dataset.duplicates.clone(),
            notes: dataset.notes.clone(),
            validation: BeforeAndAfter { before, after },
            left_out: None,
            confusion,
        }
    }

    /// The bytes of `card.json`.
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec_pretty(self).unwrap_or_default();
        json.push(b'\n');
        json
    }
}
