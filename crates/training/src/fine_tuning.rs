use lookalike_encoder::{Gate, Part, PartKind, ProjectionHead};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::Serialize;

use crate::dataset::{Dataset, Set};
use crate::embedding::embed;
use crate::error::TrainingError;
use crate::gate;
use crate::layer::{Layers, TrainingData};
use crate::lda::{self, Lda};
use crate::metrics::{self, Measures};
use crate::pca::{self, Pca};
use crate::progress::{Progress, Stage, Stop};
use crate::recipe::Recipe;
use crate::targets::Targets;

/// Maximum number of validation images that are searched for after each epoch: enough to
/// distinguish epochs.
const EARLY_QUERIES: usize = 1000;

/// The result of training.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The layers behind the pooled features.
    pub head: ProjectionHead,
    /// The course of training.
    pub log: TrainingLog,
}

/// The course of training, as in `card.json`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TrainingLog {
    /// Number of epochs that were begun.
    pub epochs: usize,
    /// The epoch whose weights were kept: the one with the highest mAP on the validation images. 0
    /// is the discriminant analysis from which training starts.
    pub best_epoch: usize,
    /// mAP of that epoch.
    pub best_map: f64,
    /// True if training was stopped early on request.
    pub interrupted: bool,
}

/// Trains the layers of a dataset and adds principal components. The same seed on the same machine
/// gives the same numbers. Training starts from a discriminant analysis, which is epoch 0.
///
/// # Errors
/// If it was stopped before there was a result, or numbers overflow.
pub fn train(
    dataset: &Dataset,
    recipe: &Recipe,
    seed: u64,
    (progress, stop): (&dyn Progress, &Stop),
) -> Result<Trained, TrainingError> {
    if stop.requested() {
        return Err(TrainingError::Stopped);
    }
    progress.begin(Stage::Training, recipe.epochs as u64);
    let mut rng = StdRng::seed_from_u64(seed);
    let targets = Targets::of(&dataset.training.labels);
    let mut layers = layers(&targets, dataset, recipe)?;
    let general = General::of(dataset, recipe, &mut rng);
    let queries = some_queries(&dataset.validation);
    let measure = |layers: &Layers<'_>| {
        let head = joined(layers, &general, dataset, recipe);
        let scores = metrics::scores(&dataset.training, &queries, Some(&head));
        (Measures::of(&scores).average_precision, head)
    };
    let (mut best_map, mut head) = measure(&layers);
    let (mut best_epoch, mut epochs) = (0, 0);
    while epochs < recipe.epochs && epochs - best_epoch < recipe.patience && !stop.requested() {
        epochs += 1;
        let loss = layers.epoch(&mut rng, || !stop.requested());
        if !loss.is_finite() {
            return Err(not_finite(dataset, epochs));
        }
        let (map, now) = measure(&layers);
        progress.epoch(epochs, loss, map);
        progress.advance(1);
        if map > best_map {
            (best_map, best_epoch, head) = (map, epochs, now);
        }
    }
    Ok(Trained {
        head,
        log: TrainingLog {
            epochs,
            best_epoch,
            best_map,
            interrupted: stop.requested(),
        },
    })
}

/// Returns the layers as they start.
fn layers<'a>(
    targets: &'a Targets,
    dataset: &Dataset,
    recipe: &'a Recipe,
) -> Result<Layers<'a>, TrainingError> {
    let features = &dataset.training.features;
    let data = TrainingData::new(features, targets, dataset.trained, recipe.balance);
    let start = Lda::of(
        features.plain(),
        targets,
        &lda::scales(data.deviations(), &features.blocks),
        recipe.shrinkage,
        recipe.max_trained(),
    );
    let start = start.ok_or_else(|| not_finite(dataset, 0))?;
    Ok(Layers::new(recipe, data, &start))
}

fn not_finite(dataset: &Dataset, epochs: usize) -> TrainingError {
    let plain = dataset.training.features.plain();
    let largest = plain.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    TrainingError::NotFinite { epochs, largest }
}

/// What is known about things without a category.
struct General {
    /// The principal components, if the features vary at all.
    components: Option<Part>,
    /// Tells images like those of training from those of other goods, if there are any.
    gate: Option<Gate>,
}

impl General {
    fn of(dataset: &Dataset, recipe: &Recipe, rng: &mut StdRng) -> General {
        let features = &dataset.training.features;
        let others = dataset.others.iter().map(|other| other.features.plain());
        let others: Vec<&[f32]> = others.collect();
        let pca = Pca::of(
            &[vec![features.plain()], others.clone()].concat(),
            features.dimensions,
            features.pooled(),
            recipe.dimensions - dataset.trained.min(recipe.max_trained()),
            rng,
        );
        let share = 1.0 - recipe.trained_share;
        let components = (pca.count() > 0).then(|| pca.part(recipe.whitening, share));
        let gate = components.as_ref().filter(|_| !others.is_empty());
        let gate = gate.and_then(|components| {
            let (rows, size) = (features.plain(), features.dimensions);
            gate::fit(components, rows, &others, size, recipe.gate_quantile)
        });
        General { components, gate }
    }
}

/// Joins the likelihoods of categories and the principal components, each with its share of the
/// similarity.
fn joined(
    layers: &Layers<'_>,
    general: &General,
    dataset: &Dataset,
    recipe: &Recipe,
) -> ProjectionHead {
    let (mut weights, mut bias) = layers.logits();
    let sharper = (1.0 / recipe.temperature) as f32;
    weights
        .iter_mut()
        .chain(&mut bias)
        .for_each(|x| *x *= sharper);
    let mut likelihoods = Part {
        weights,
        bias,
        kind: PartKind::Likelihoods {
            projection: Vec::new(),
        },
        share: 1.0,
    };
    if dataset.trained > recipe.max_trained() {
        let projection = projection(&likelihoods, dataset, recipe);
        likelihoods.kind = PartKind::Likelihoods { projection };
    }
    let mut parts = vec![likelihoods];
    if let Some(components) = &general.components {
        parts[0].share = recipe.trained_share;
        parts.push(components.clone());
    }
    ProjectionHead {
        parts,
        gate: general.gate.clone(),
    }
}

/// Returns a map of the likelihoods of many categories to a few numbers that keep most of their
/// similarity.
fn projection(likelihoods: &Part, dataset: &Dataset, recipe: &Recipe) -> Vec<f32> {
    let alone = ProjectionHead {
        parts: vec![likelihoods.clone()],
        gate: None,
    };
    let (roots, labels) = embed(&dataset.training.features, Some(&alone));
    // The same seed for every epoch, so that epochs differ only by what they learned.
    let mut rng = StdRng::seed_from_u64(0);
    pca::uncentered(&roots, labels, recipe.max_trained(), &mut rng)
}

/// Selects images evenly, all if there are few.
fn some_queries(validation: &Set) -> Set {
    let count = validation.labels.len();
    if count <= EARLY_QUERIES {
        return validation.clone();
    }
    let chosen = (0..EARLY_QUERIES).map(|i| i * count / EARLY_QUERIES);
    validation.rows(&chosen.collect::<Vec<usize>>())
}

#[cfg(test)]
mod tests;
