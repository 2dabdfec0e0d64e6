use candle_core::{Device, Result, Tensor, Var};
use candle_nn::optim::{AdamW, Optimizer, ParamsAdamW};
use nalgebra::DMatrix;
use rand::RngExt;
use rand::rngs::StdRng;

use crate::features::Features;
use crate::lda::Lda;
use crate::loss::{cross_entropy, likelihood_roots, supervised_contrast};
use crate::recipe::Recipe;

/// Least deviation of a feature, so that a constant one is not divided by zero.
const MIN_DEVIATION: f32 = 1e-3;

/// The feature layer and the classification layer above it while they are trained. Every random number
/// comes from the caller's generator and none from the library, which cannot be seeded.
pub(crate) struct Layers<'a> {
    recipe: &'a Recipe,
    data: TrainingData<'a>,
    feature_weights: Var,
    feature_bias: Var,
    class_weights: Var,
    class_bias: Var,
    optimizer: AdamW,
    step: usize,
}

/// The input of training.
pub(crate) struct TrainingData<'a> {
    /// Standardized features, `[augmentations * images, features]`.
    rows: Tensor,
    /// Of each feature, over the plain images.
    mean: Vec<f32>,
    deviation: Vec<f32>,
    labels: &'a [u32],
    /// Weight of an image of each label.
    weights: Vec<f32>,
    augmentations: usize,
}

impl<'a> TrainingData<'a> {
    /// Features of several augmentations and the label of each image, `0..classes`.
    pub(crate) fn new(
        features: &Features,
        labels: &'a [u32],
        classes: usize,
        balance: f64,
    ) -> Result<Self> {
        let (mean, deviation) = moments(&features.augmentations[0], features.dimensions);
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
        let shape = (
            features.augmentations.len() * labels.len(),
            features.dimensions,
        );
        let mut counts = vec![0_usize; classes];
        labels.iter().for_each(|&label| counts[label as usize] += 1);
        let average = labels.len() as f64 / classes as f64;
        let weight = |count: usize| (average / count.max(1) as f64).powf(balance) as f32;
        Ok(Self {
            rows: Tensor::from_vec(values, shape, &Device::Cpu)?,
            mean,
            deviation,
            labels,
            weights: counts.into_iter().map(weight).collect(),
            augmentations: features.augmentations.len(),
        })
    }
}

impl TrainingData<'_> {
    /// Of each feature.
    pub(crate) fn deviations(&self) -> &[f32] {
        &self.deviation
    }
}

impl<'a> Layers<'a> {
    /// Layers that begin as the discriminant analysis of the same images.
    pub(crate) fn new(recipe: &'a Recipe, data: TrainingData<'a>, start: &Lda) -> Result<Self> {
        let directions = start.directions.ncols();
        // On standardized features, the same directions have weights times deviations.
        let scaled = DMatrix::from_fn(data.mean.len(), directions, |feature, direction| {
            start.directions[(feature, direction)] * f64::from(data.deviation[feature])
        });
        let mean = DMatrix::from_fn(1, data.mean.len(), |_, i| f64::from(data.mean[i]));
        let feature_weights = variable(&scaled)?;
        let feature_bias = variable(&(mean * &start.directions))?;
        let class_weights = variable(&start.classes)?;
        let class_bias = variable(&DMatrix::from_row_slice(1, start.bias.len(), &start.bias))?;
        let trained = [&feature_weights, &feature_bias, &class_weights, &class_bias];
        let parameters = ParamsAdamW {
            lr: 0.0,
            weight_decay: recipe.weight_decay,
            ..ParamsAdamW::default()
        };
        Ok(Self {
            optimizer: AdamW::new(trained.map(Clone::clone).to_vec(), parameters)?,
            recipe,
            data,
            feature_weights,
            feature_bias,
            class_weights,
            class_bias,
            step: 0,
        })
    }

    /// One pass over the images in random order, each in a random augmentation; returns the mean loss.
    /// `keep_on` is asked before every step; when it says no, the rest is left out.
    pub(crate) fn epoch(
        &mut self,
        rng: &mut StdRng,
        mut keep_on: impl FnMut() -> bool,
    ) -> Result<f32> {
        let mut order: Vec<usize> = (0..self.data.labels.len()).collect();
        shuffle(&mut order, rng);
        let mut sum = 0.0;
        let mut steps = 0;
        for batch in order.chunks(self.recipe.batch) {
            if !keep_on() {
                break;
            }
            sum += self.step(batch, rng)?;
            steps += 1;
        }
        Ok(sum / steps.max(1) as f32)
    }

    /// Both layers as they are as one map of features, which are not standardized, to logits: weights
    /// `[features, classes]` and bias `[classes]`.
    pub(crate) fn logits(&self) -> Result<(Vec<f32>, Vec<f32>)> {
        let weights = self.feature_weights.matmul(&self.class_weights)?;
        let bias = self.feature_bias.matmul(&self.class_weights)?;
        let bias = (bias + self.class_bias.as_tensor())?;
        let mut weights = weights.flatten_all()?.to_vec1::<f32>()?;
        let mut bias = bias.flatten_all()?.to_vec1::<f32>()?;
        let moments = self.data.mean.iter().zip(&self.data.deviation);
        for (row, (mean, deviation)) in weights.chunks_exact_mut(bias.len()).zip(moments) {
            for (weight, bias) in row.iter_mut().zip(&mut bias) {
                *weight /= deviation;
                *bias -= *weight * mean;
            }
        }
        Ok((weights, bias))
    }

    fn step(&mut self, images: &[usize], rng: &mut StdRng) -> Result<f32> {
        let count = self.data.labels.len();
        let rows: Vec<u32> = images
            .iter()
            .map(|image| (rng.random_range(0..self.data.augmentations) * count + image) as u32)
            .collect();
        let labels: Vec<u32> = images.iter().map(|&p| self.data.labels[p]).collect();
        let rows = Tensor::from_vec(rows, images.len(), &Device::Cpu)?;
        let inputs = self.dropout(&self.data.rows.index_select(&rows, 0)?, rng)?;
        let loss = self.loss(&inputs, &labels)?;
        self.optimizer.set_learning_rate(self.rate());
        self.optimizer.backward_step(&loss)?;
        self.step += 1;
        loss.to_scalar()
    }

    fn loss(&self, inputs: &Tensor, labels: &[u32]) -> Result<Tensor> {
        let features = inputs.matmul(&self.feature_weights)?;
        let features = features.broadcast_add(&self.feature_bias)?;
        let logits = features.matmul(&self.class_weights)?;
        let logits = logits.broadcast_add(&self.class_bias)?;
        let classes = self.data.weights.len();
        let one_hot: Vec<f32> = labels
            .iter()
            .flat_map(|&label| {
                (0..classes).map(move |class| f32::from(u8::from(class == label as usize)))
            })
            .collect();
        let one_hot = Tensor::from_vec(one_hot, (labels.len(), classes), &Device::Cpu)?;
        let weights: Vec<f32> = labels
            .iter()
            .map(|&l| self.data.weights[l as usize])
            .collect();
        let weights = Tensor::from_vec(weights, labels.len(), &Device::Cpu)?;
        let recipe = self.recipe;
        let classified = cross_entropy(&logits, &one_hot, &weights, recipe.label_smoothing)?;
        let roots = likelihood_roots(&(logits / recipe.temperature)?)?;
        let contrast = supervised_contrast(&roots, labels, recipe.contrast_temperature)?;
        classified + (contrast * recipe.contrast_weight)?
    }

    /// Dropout: some numbers become zero, the others grow to make up for them.
    fn dropout(&self, inputs: &Tensor, rng: &mut StdRng) -> Result<Tensor> {
        let hidden = self.recipe.dropout as f32;
        let kept = 1.0 / (1.0 - hidden);
        let mask: Vec<f32> = (0..inputs.elem_count())
            .map(|_| {
                if rng.random::<f32>() < hidden {
                    0.0
                } else {
                    kept
                }
            })
            .collect();
        inputs.mul(&Tensor::from_vec(mask, inputs.shape(), inputs.device())?)
    }

    fn rate(&self) -> f64 {
        let steps = self.data.labels.len().div_ceil(self.recipe.batch) * self.recipe.epochs;
        let along = self.step as f64 / steps.max(1) as f64;
        let falling = 0.5 * (1.0 + (std::f64::consts::PI * along.min(1.0)).cos());
        let rising = (self.step + 1) as f64 / self.recipe.warm_up.max(1) as f64;
        self.recipe.learning_rate * falling * rising.min(1.0)
    }
}

fn variable(matrix: &DMatrix<f64>) -> Result<Var> {
    // The transposed matrix, column by column, is the matrix row by row.
    let values: Vec<f32> = matrix.transpose().iter().map(|&x| x as f32).collect();
    Var::from_vec(values, matrix.shape(), &Device::Cpu)
}

/// Fisher and Yates.
fn shuffle(order: &mut [usize], rng: &mut StdRng) {
    for place in (1..order.len()).rev() {
        order.swap(place, rng.random_range(0..=place));
    }
}

/// Mean and deviation of each feature.
fn moments(rows: &[f32], dimensions: usize) -> (Vec<f32>, Vec<f32>) {
    let count = (rows.len() / dimensions).max(1) as f64;
    let mut sums = vec![(0.0_f64, 0.0_f64); dimensions];
    for row in rows.chunks_exact(dimensions) {
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
