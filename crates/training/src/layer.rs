use nalgebra::DMatrix;
use rand::RngExt;
use rand::rngs::StdRng;

use crate::dense::{AdamStep, Dense};
use crate::features::Features;
use crate::lda::Lda;
use crate::loss::{
    Loss, cross_entropy, likelihood_roots, likelihood_roots_gradient, supervised_contrast,
};
use crate::recipe::Recipe;
use crate::targets::Targets;

/// Minimum deviation of a feature, so that a constant one does not cause a division by zero.
const MIN_DEVIATION: f32 = 1e-3;

/// The feature layer and the classification layer above it, during training.
pub(crate) struct Layers<'a> {
    recipe: &'a Recipe,
    data: TrainingData<'a>,
    features: Dense,
    classes: Dense,
    step: usize,
}

/// Features and labels for training.
pub(crate) struct TrainingData<'a> {
    /// Standardized features, `[features, augmentations * images]`.
    columns: DMatrix<f32>,
    /// Mean of each feature, over the plain augmentation.
    mean: Vec<f32>,
    deviation: Vec<f32>,
    targets: &'a Targets,
    /// Weight of an image of each label.
    weights: Vec<f32>,
    augmentations: usize,
    /// Number of images in each augmentation.
    images: usize,
}

impl<'a> TrainingData<'a> {
    /// Standardizes the features of several augmentations; the labels of `targets` are `0..classes`.
    pub(crate) fn new(
        features: &Features,
        targets: &'a Targets,
        classes: usize,
        balance: f64,
    ) -> Self {
        let (mean, deviation) = moments(features.plain(), features.dimensions, &targets.images);
        let mut values =
            Vec::with_capacity(features.augmentations.len() * features.augmentations[0].len());
        for row in features
            .augmentations
            .iter()
            .flat_map(|augmentation| augmentation.chunks_exact(features.dimensions))
        {
            let standardized = row.iter().zip(mean.iter().zip(&deviation));
            values.extend(standardized.map(|(x, (mean, deviation))| (x - mean) / deviation));
        }
        let columns = values.len() / features.dimensions;
        let labels = &targets.labels;
        let mut counts = vec![0_usize; classes];
        labels.iter().for_each(|&label| counts[label as usize] += 1);
        let average = labels.len() as f64 / classes as f64;
        let weight = |count: usize| (average / count.max(1) as f64).powf(balance) as f32;
        Self {
            columns: DMatrix::from_vec(features.dimensions, columns, values),
            mean,
            deviation,
            targets,
            weights: counts.into_iter().map(weight).collect(),
            augmentations: features.augmentations.len(),
            images: columns / features.augmentations.len(),
        }
    }
}

impl TrainingData<'_> {
    /// Returns the deviation of each feature.
    pub(crate) fn deviations(&self) -> &[f32] {
        &self.deviation
    }
}

impl<'a> Layers<'a> {
    /// Makes layers that start as the discriminant analysis of the same images.
    pub(crate) fn new(recipe: &'a Recipe, data: TrainingData<'a>, start: &Lda) -> Self {
        let directions = start.directions.transpose();
        let mean = DMatrix::from_fn(data.mean.len(), 1, |i, _| f64::from(data.mean[i]));
        let bias = &directions * mean;
        // On standardized features, the same directions have weights times deviations.
        let scaled = DMatrix::from_fn(directions.nrows(), directions.ncols(), |i, feature| {
            directions[(i, feature)] * f64::from(data.deviation[feature])
        });
        let class_bias = DMatrix::from_column_slice(start.bias.len(), 1, &start.bias);
        Self {
            recipe,
            data,
            features: Dense::new(single(&scaled), single(&bias)),
            classes: Dense::new(single(&start.classes.transpose()), single(&class_bias)),
            step: 0,
        }
    }

    /// Makes one pass over the targets in random order, each in a random augmentation; returns the
    /// mean loss. `keep_on` is called before every step; if it returns false, the rest is left out.
    pub(crate) fn epoch(&mut self, rng: &mut StdRng, mut keep_on: impl FnMut() -> bool) -> f32 {
        let mut order: Vec<usize> = (0..self.data.targets.len()).collect();
        shuffle(&mut order, rng);
        let mut sum = 0.0;
        let mut steps = 0;
        for batch in order.chunks(self.recipe.batch) {
            if !keep_on() {
                break;
            }
            sum += self.step(batch, rng);
            steps += 1;
        }
        sum / steps.max(1) as f32
    }

    /// Returns both layers as one map of unstandardized features to logits: weights `[features,
    /// classes]` row by row, and bias `[classes]`.
    pub(crate) fn logits(&self) -> (Vec<f32>, Vec<f32>) {
        let weights = self.classes.weights() * self.features.weights();
        let mut bias: Vec<f32> = self.classes.forward(self.features.bias()).data.into();
        // Stored column by column, one column for each feature.
        let mut weights: Vec<f32> = weights.data.into();
        let moments = self.data.mean.iter().zip(&self.data.deviation);
        for (row, (mean, deviation)) in weights.chunks_exact_mut(bias.len()).zip(moments) {
            for (weight, bias) in row.iter_mut().zip(&mut bias) {
                *weight /= deviation;
                *bias -= *weight * mean;
            }
        }
        (weights, bias)
    }

    /// Makes one step with these targets; returns the loss before it.
    fn step(&mut self, batch: &[usize], rng: &mut StdRng) -> f32 {
        let TrainingData {
            targets,
            augmentations,
            images,
            ..
        } = self.data;
        let columns: Vec<usize> = batch
            .iter()
            .map(|&target| rng.random_range(0..augmentations) * images + targets.images[target])
            .collect();
        let labels: Vec<u32> = batch.iter().map(|&target| targets.labels[target]).collect();
        let mut inputs = self.data.columns.select_columns(&columns);
        dropout(&mut inputs, self.recipe.dropout as f32, rng);
        let features = self.features.forward(&inputs);
        let Loss { value, gradient } = self.loss(&self.classes.forward(&features), &labels);
        let of_features = self.classes.backward(&gradient);
        self.step += 1;
        let step = AdamStep {
            number: self.step,
            learning_rate: self.rate(),
            weight_decay: self.recipe.weight_decay,
        };
        self.classes.learn(&features, &gradient, &step);
        self.features.learn(&inputs, &of_features, &step);
        value
    }

    /// Computes the loss of logits `[classes, images]`.
    fn loss(&self, logits: &DMatrix<f32>, labels: &[u32]) -> Loss {
        let recipe = self.recipe;
        let weights: Vec<f32> = labels
            .iter()
            .map(|&label| self.data.weights[label as usize])
            .collect();
        let classified = cross_entropy(logits, labels, &weights, recipe.label_smoothing as f32);
        let temperature = recipe.temperature as f32;
        let roots = likelihood_roots(&(logits / temperature));
        let contrast = supervised_contrast(&roots, labels, recipe.contrast_temperature as f32);
        let of_logits = likelihood_roots_gradient(&roots, &contrast.gradient);
        let weight = recipe.contrast_weight as f32;
        Loss {
            value: classified.value + contrast.value * weight,
            gradient: classified.gradient + of_logits * (weight / temperature),
        }
    }

    fn rate(&self) -> f64 {
        let steps = self.data.targets.len().div_ceil(self.recipe.batch) * self.recipe.epochs;
        let along = (self.step - 1) as f64 / steps.max(1) as f64;
        let falling = 0.5 * (1.0 + (std::f64::consts::PI * along.min(1.0)).cos());
        let rising = self.step as f64 / self.recipe.warm_up.max(1) as f64;
        self.recipe.learning_rate * falling * rising.min(1.0)
    }
}

fn single(matrix: &DMatrix<f64>) -> DMatrix<f32> {
    matrix.map(|x| x as f32)
}

/// Sets some numbers to zero and scales the others to compensate (Srivastava et al. 2014).
fn dropout(inputs: &mut DMatrix<f32>, hidden: f32, rng: &mut StdRng) {
    let kept = 1.0 / (1.0 - hidden);
    for input in inputs.iter_mut() {
        *input *= if rng.random::<f32>() < hidden {
            0.0
        } else {
            kept
        };
    }
}

/// Shuffles by the method of Fisher and Yates.
fn shuffle(order: &mut [usize], rng: &mut StdRng) {
    for place in (1..order.len()).rev() {
        order.swap(place, rng.random_range(0..=place));
    }
}

/// Returns mean and deviation of each feature over some images, which may occur several times.
fn moments(rows: &[f32], dimensions: usize, images: &[usize]) -> (Vec<f32>, Vec<f32>) {
    let count = images.len().max(1) as f64;
    let mut sums = vec![(0.0_f64, 0.0_f64); dimensions];
    for image in images {
        let row = &rows[image * dimensions..][..dimensions];
        for ((sum, squares), &value) in sums.iter_mut().zip(row) {
            *sum += f64::from(value);
            *squares += f64::from(value).powi(2);
        }
    }
    let mean = |sum: f64| sum / count;
    let deviation =
        |(sum, squares): &(f64, f64)| (mean(*squares) - mean(*sum).powi(2)).max(0.0).sqrt();
    (
        sums.iter().map(|(sum, _)| mean(*sum) as f32).collect(),
        sums.iter()
            .map(|sums| deviation(sums) as f32 + MIN_DEVIATION)
            .collect(),
    )
}
