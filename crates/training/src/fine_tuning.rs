use lookalike_encoder::Tail;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::Serialize;

use crate::dataset::{Dataset, Set};
use crate::error::TrainingError;
use crate::layer::{Layers, TrainingData};
use crate::measure::{self, Measures};
use crate::principal::Principal;
use crate::progress::{Progress, Stage, Stop};
use crate::recipe::Recipe;

/// Validation pictures that are searched for after each epoch at most: enough to tell epochs apart.
const EARLY_QUERIES: usize = 1000;

/// What training ended with.
#[derive(Debug, Clone)]
pub struct Trained {
    /// What comes behind the pooled features.
    pub tail: Tail,
    /// How training went.
    pub course: Course,
}

/// How training went.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Course {
    /// Epochs that were begun.
    pub epochs: usize,
    /// The one whose weights were kept: that of the highest mAP on the validation pictures.
    pub best_epoch: usize,
    /// That mAP.
    pub best_map: f64,
    /// Whether somebody asked to stop.
    pub interrupted: bool,
}

/// Trains the feature layer of a dataset and puts principal components beside it. The same seed on the
/// same machine gives the same numbers.
///
/// # Errors
/// When it was stopped before the first epoch was over, or the numbers leave their range.
pub fn train(
    dataset: &Dataset,
    recipe: &Recipe,
    seed: u64,
    (progress, stop): (&dyn Progress, &Stop),
) -> Result<Trained, TrainingError> {
    let mut dice = StdRng::seed_from_u64(seed);
    let features = &dataset.training.features;
    let principal = Principal::of(
        &features.views[0],
        features.dimensions,
        recipe.principal_dimensions.min(recipe.dimensions - 1),
        &mut dice,
    );
    let labels = &dataset.training.labels;
    let data = TrainingData::new(features, labels, dataset.trained, recipe.balance)?;
    let outputs = recipe.dimensions - principal.count();
    let mut layers = Layers::new(recipe, data, outputs, &mut dice)?;
    let queries = some_queries(&dataset.validation);
    progress.begin(Stage::Training, recipe.epochs as u64);
    let mut best: Option<(f64, usize, Tail)> = None;
    let mut epochs = 0;
    while epochs < recipe.epochs && !stop.requested() {
        epochs += 1;
        let loss = layers.epoch(&mut dice, || !stop.requested())?;
        if stop.requested() && best.is_some() {
            break;
        }
        let tail = joined(&layers, &principal, recipe)?;
        let scores = measure::scores(&dataset.training, &queries, Some(&tail));
        let map = Measures::of(&scores).average_precision;
        if !loss.is_finite() {
            break;
        }
        progress.epoch(epochs, loss, map);
        progress.advance(1);
        if best.as_ref().is_none_or(|(highest, ..)| map > *highest) {
            best = Some((map, epochs, tail));
        }
        let since = best.as_ref().map_or(0, |(_, epoch, _)| epochs - epoch);
        if since >= recipe.patience {
            break;
        }
    }
    let Some((best_map, best_epoch, tail)) = best else {
        return Err(if stop.requested() {
            TrainingError::Stopped
        } else {
            let largest = features.views[0]
                .iter()
                .fold(0.0_f32, |m, x| m.max(x.abs()));
            TrainingError::NotFinite { epochs, largest }
        });
    };
    Ok(Trained {
        tail,
        course: Course {
            epochs,
            best_epoch,
            best_map,
            interrupted: stop.requested(),
        },
    })
}

/// The trained part and the principal components, each with its share of the similarity.
fn joined(
    layers: &Layers<'_>,
    principal: &Principal,
    recipe: &Recipe,
) -> Result<Tail, TrainingError> {
    let mut tail = Tail {
        unit_features: false,
        parts: Vec::new(),
    };
    if principal.count() == 0 {
        tail.parts.push(layers.part(1.0)?);
    } else {
        tail.parts.push(layers.part(recipe.trained_share)?);
        let share = 1.0 - recipe.trained_share;
        tail.parts.push(principal.part(recipe.whitening, share));
    }
    Ok(tail)
}

/// Evenly chosen pictures, all where they are few.
fn some_queries(validation: &Set) -> Set {
    let count = validation.labels.len();
    if count <= EARLY_QUERIES {
        return validation.clone();
    }
    let chosen = (0..EARLY_QUERIES).map(|i| i * count / EARLY_QUERIES);
    validation.rows(chosen)
}
