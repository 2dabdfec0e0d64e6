//! Measures fine-tuning on categories it never saw: each category in turn is left out of training,
//! and its validation images are searched for among all training images.

use std::collections::HashMap;

use lookalike_encoder::ProjectionHead;
use serde::Serialize;

use crate::bootstrap::{Bootstrap, Estimate};
use crate::clusters::clusters;
use crate::common_labels::is_common;
use crate::dataset::{Dataset, Set};
use crate::error::TrainingError;
use crate::fine_tuning;
use crate::metrics::{self, Measures};
use crate::progress::{Progress, Silent, Stage, Stop};
use crate::recipe::Recipe;
use crate::retrieval::QueryScores;
use crate::skipped::Skipped;

/// The measures of queries whose category was left out of training.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeftOut {
    /// Measures of each category that could be left out.
    pub categories: Vec<LeftOutCategory>,
    /// Categories that could not be left out, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skipped>,
    /// All queries together, with the backbone.
    pub backbone: Measures,
    /// All queries together, each by the encoder that has not seen its category.
    pub fine_tuned: Measures,
    /// Gain of P@1: fine-tuned minus backbone, query by query, with an interval from drawing products.
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

/// Trains once for each category that can be left out, without any image that has it, in whatever
/// place. The queries are the validation images that have it, and only images that have it too are
/// right.
///
/// # Errors
/// [`TrainingError::NothingToLeaveOut`], or the errors of [`fine_tuning::train`]; a request to stop
/// gives no partial result, and says nothing about an encoder that was trained before.
pub fn measure(
    dataset: &Dataset,
    recipe: &Recipe,
    seed: u64,
    (progress, stop): (&dyn Progress, &Stop),
) -> Result<LeftOut, TrainingError> {
    progress.begin(Stage::Training, dataset.trained as u64);
    let (mut categories, mut skipped) = (Vec::new(), Vec::new());
    let mut measured = Vec::new();
    for label in 0..dataset.trained as u32 {
        let category = dataset.categories[label as usize].clone();
        let of_category = match LeftOutSets::new(dataset, label) {
            Ok(sets) => sets.measure(dataset, recipe, seed, stop)?,
            Err(reason) => {
                skipped.push(Skipped {
                    what: category,
                    reason: reason.to_owned(),
                });
                progress.advance(1);
                continue;
            }
        };
        let (backbone, fine_tuned) = means(&of_category);
        categories.push(LeftOutCategory {
            category,
            backbone,
            fine_tuned,
        });
        measured.extend(of_category);
        progress.advance(1);
    }
    let gains: Vec<_> = measured.iter().map(MeasuredQuery::gain).collect();
    let gains = Bootstrap::default().cluster_means(&clusters(&gains));
    let (backbone, fine_tuned) = means(&measured);
    let [first_gain, precision_gain, average_precision_gain] =
        gains.ok_or(TrainingError::NothingToLeaveOut)?;
    Ok(LeftOut {
        categories,
        skipped,
        backbone,
        fine_tuned,
        first_gain,
        precision_gain,
        average_precision_gain,
    })
}

/// What is trained without a category, and its queries.
struct LeftOutSets {
    rest: Dataset,
    /// The validation images that have the category, which is their only label here: that they share
    /// others with images that were trained is no merit.
    queries: Set,
}

impl LeftOutSets {
    /// Leaves a category out; the error is the reason why nothing can be measured.
    fn new(dataset: &Dataset, label: u32) -> Result<Self, &'static str> {
        let images = dataset.validation.labels.with(label);
        if images.is_empty() {
            return Err("it has no validation images");
        }
        let rest = without(dataset, label);
        if rest.trained < 2 {
            return Err("without it, fewer than two categories are left to tell apart");
        }
        let is_trained = |label: &u32| *label < rest.trained as u32;
        if !rest.validation.labels.iter().flatten().any(is_trained) {
            return Err("without it, no images are left to validate with");
        }
        let mut queries = dataset.validation.rows(&images);
        queries.labels = vec![label; images.len()].into();
        Ok(Self { rest, queries })
    }

    fn measure(
        &self,
        dataset: &Dataset,
        recipe: &Recipe,
        seed: u64,
        stop: &Stop,
    ) -> Result<Vec<MeasuredQuery>, TrainingError> {
        let trained = fine_tuning::train(&self.rest, recipe, seed, (&Silent, stop))?;
        if stop.requested() {
            return Err(TrainingError::Stopped);
        }
        let (training, queries) = (&dataset.training, &self.queries);
        Ok(MeasuredQuery::all(training, queries, &trained.head))
    }
}

/// The measures of a query whose category was left out.
struct MeasuredQuery {
    product: u32,
    backbone: QueryScores,
    fine_tuned: QueryScores,
}

impl MeasuredQuery {
    /// Measures the queries that can find their category.
    fn all(training: &Set, queries: &Set, head: &ProjectionHead) -> Vec<Self> {
        let backbone = metrics::query_scores(training, queries, None);
        let fine_tuned = metrics::query_scores(training, queries, Some(head));
        let pairs = backbone.into_iter().zip(fine_tuned);
        let measured = queries.products.iter().zip(pairs);
        measured
            .filter_map(|(&product, (backbone, fine_tuned))| {
                Some(Self {
                    product,
                    backbone: backbone?,
                    fine_tuned: fine_tuned?,
                })
            })
            .collect()
    }

    /// Returns the product, and fine-tuned minus backbone in P@1, P@10 and AP.
    fn gain(&self) -> (u32, [f64; 3]) {
        let row = |s: &QueryScores| [s.first, s.precision, s.average_precision];
        let (before, after) = (row(&self.backbone), row(&self.fine_tuned));
        (self.product, std::array::from_fn(|i| after[i] - before[i]))
    }
}

/// Returns the measures with the backbone and with fine-tuned encoders.
fn means(measured: &[MeasuredQuery]) -> (Measures, Measures) {
    let of = |pick: fn(&MeasuredQuery) -> QueryScores| {
        Measures::of(&measured.iter().map(pick).collect::<Vec<_>>())
    };
    (of(|query| query.backbone), of(|query| query.fine_tuned))
}

/// Returns the dataset without the images that have a label, as if it did not exist. Labels that no
/// other image has vanish with it, and so do those that nearly all of the rest have: they tell
/// nothing apart there.
fn without(dataset: &Dataset, left_out: u32) -> Dataset {
    let rest = |set: &Set| {
        let images = (0..set.labels.len()).filter(|&i| !set.labels.of(i).contains(&left_out));
        set.rows(&images.collect::<Vec<usize>>())
    };
    let (mut training, mut validation) = (rest(&dataset.training), rest(&dataset.validation));
    let count = dataset.categories.len();
    let trained = training.labels.counts(count);
    let validated = validation.labels.counts(count);
    let images = training.labels.len();
    let (mut labels, mut only_validated) = (Vec::new(), Vec::new());
    for label in 0..count {
        if trained[label] > 0 && !is_common(trained[label], images) {
            labels.push(label as u32);
        } else if trained[label] == 0 && validated[label] > 0 {
            only_validated.push(label as u32);
        }
    }
    let trained = labels.len();
    labels.extend(only_validated);
    let numbers: HashMap<u32, u32> = labels.iter().copied().zip(0..).collect();
    for set in [&mut training, &mut validation] {
        set.labels = set.labels.renumbered(|label| numbers.get(&label).copied());
    }
    let names = labels.iter();
    Dataset {
        training,
        validation,
        trained,
        categories: names
            .map(|&label| dataset.categories[label as usize].clone())
            .collect(),
        others: dataset.others.clone(),
        skipped: Vec::new(),
        duplicates: Vec::new(),
        suspects: Vec::new(),
        notes: Vec::new(),
        counts: dataset.counts.clone(),
    }
}

#[cfg(test)]
mod tests;
