//! Measures fine-tuning on categories it never saw: each category in turn is left out of training, and its
//! validation images are searched for among all training images.

use lookalike_encoder::ProjectionHead;
use serde::Serialize;

use crate::bootstrap::{Bootstrap, Estimate};
use crate::clusters::clusters;
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

/// Trains once for each category with training and validation images, without it. `Ok(None)` if
/// there are fewer than three categories: without one of two, there is nothing to distinguish.
///
/// # Errors
/// The errors of [`fine_tuning::train`]; a request to stop gives no partial result, and says nothing about an encoder that
/// was trained before.
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
    let mut measured = Vec::new();
    for label in labels {
        let queries = dataset.validation.filtered(|found| found == label);
        let rest = without(dataset, label);
        if !queries.labels.is_empty() && !rest.validation.labels.is_empty() {
            let trained = fine_tuning::train(&rest, recipe, seed, (&Silent, stop))?;
            if stop.requested() {
                return Err(TrainingError::Stopped);
            }
            let of_category = MeasuredQuery::all(&dataset.training, &queries, &trained.head);
            let (backbone, fine_tuned) = means(&of_category);
            categories.push(LeftOutCategory {
                category: dataset.categories[label as usize].clone(),
                backbone,
                fine_tuned,
            });
            measured.extend(of_category);
        }
        progress.advance(1);
    }
    let gains: Vec<_> = measured.iter().map(MeasuredQuery::gain).collect();
    let gains = Bootstrap::default().cluster_means(&clusters(&gains));
    let (backbone, fine_tuned) = means(&measured);
    Ok(gains.map(
        |[first_gain, precision_gain, average_precision_gain]| LeftOut {
            categories,
            backbone,
            fine_tuned,
            first_gain,
            precision_gain,
            average_precision_gain,
        },
    ))
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
