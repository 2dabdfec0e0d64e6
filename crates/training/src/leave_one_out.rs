//! Measures fine-tuning on categories it never saw: each category in turn is left out of training, and its
//! validation images are searched for among all training images.

use serde::Serialize;

use crate::bootstrap::{Bootstrap, Estimate};
use crate::dataset::{Dataset, Set};
use crate::error::TrainingError;
use crate::fine_tuning;
use crate::metrics::{self, Measures};
use crate::progress::{Progress, Silent, Stage, Stop};
use crate::recipe::Recipe;
use crate::retrieval::QueryScores;

/// The measures of queries whose category was left out of training.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeftOut {
    /// Measures of each category with validation images.
    pub categories: Vec<LeftOutCategory>,
    /// All queries together, with the backbone.
    pub backbone: Measures,
    /// All queries together, each by the encoder that has not seen its category.
    pub fine_tuned: Measures,
    /// Gain of P@1: fine-tuned minus backbone, query by query, with a bootstrap interval.
    pub first_gain: Estimate,
    /// Gain of P@10.
    pub precision_gain: Estimate,
    /// Gain of mAP.
    pub average_precision_gain: Estimate,
}

/// The measures of one category that was left out of training.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeftOutCategory {
    /// Its name.
    pub category: String,
    /// With the backbone.
    pub backbone: Measures,
    /// With an encoder trained on all other categories.
    pub fine_tuned: Measures,
}

/// Trains once for each category with training and validation images, without it. `Ok(None)` if
/// there are fewer than three categories: without one of two, there is nothing to distinguish.
///
/// # Errors
/// The errors of [`fine_tuning::train`]; a request to stop gives no partial result.
pub fn measure(
    dataset: &Dataset,
    recipe: &Recipe,
    seed: u64,
    (progress, stop): (&dyn Progress, &Stop),
) -> Result<Option<LeftOut>, TrainingError> {
    let labels = 0..dataset.trained as u32;
    if labels.len() < 3 {
        return Ok(None);
    }
    progress.begin(Stage::Training, labels.len() as u64);
    let mut categories = Vec::new();
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for label in labels {
        let queries = dataset.validation.filtered(|found| found == label);
        let rest = without(dataset, label);
        if !queries.labels.is_empty() && !rest.validation.labels.is_empty() {
            let trained = fine_tuning::train(&rest, recipe, seed, (&Silent, stop))?;
            if stop.requested() {
                return Err(TrainingError::Stopped);
            }
            let backbone = metrics::scores(&dataset.training, &queries, None);
            let tuned = metrics::scores(&dataset.training, &queries, Some(&trained.head));
            categories.push(LeftOutCategory {
                category: dataset.categories[label as usize].clone(),
                backbone: Measures::of(&backbone),
                fine_tuned: Measures::of(&tuned),
            });
            before.extend(backbone);
            after.extend(tuned);
        }
        progress.advance(1);
    }
    let rows = |scores: &[QueryScores]| -> Vec<[f64; 3]> {
        let row = |s: &QueryScores| [s.first, s.precision, s.average_precision];
        scores.iter().map(row).collect()
    };
    let gains = Bootstrap::default().differences(&rows(&after), &rows(&before));
    Ok(gains.map(
        |[first_gain, precision_gain, average_precision_gain]| LeftOut {
            categories,
            backbone: Measures::of(&before),
            fine_tuned: Measures::of(&after),
            first_gain,
            precision_gain,
            average_precision_gain,
        },
    ))
}

/// Returns the dataset as if a category did not exist; the labels after it move up.
fn without(dataset: &Dataset, left_out: u32) -> Dataset {
    let side = |set: &Set| {
        let mut set = set.filtered(|label| label != left_out);
        set.labels = set.labels.without(left_out);
        set
    };
    let mut categories = dataset.categories.clone();
    categories.remove(left_out as usize);
    Dataset {
        training: side(&dataset.training),
        validation: side(&dataset.validation),
        trained: dataset.trained - 1,
        categories,
        others: dataset.others.clone(),
        skipped: Vec::new(),
        duplicates: Vec::new(),
        suspects: Vec::new(),
        notes: Vec::new(),
        counts: dataset.counts.clone(),
    }
}
