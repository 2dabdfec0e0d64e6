use lookalike_encoder::Augmentation;
use serde::Serialize;

/// All parameters that determine the result of fine-tuning on given features. The card repeats
/// them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recipe {
    /// Length of an embedding. Its first part describes what an image may be, with a number for
    /// each category; the rest are principal components, which keep what the backbone knows about
    /// things without a category.
    pub dimensions: usize,
    /// Share of the first part in the similarity, 0 to 1.
    pub trained_share: f32,
    /// Degree of whitening of the components: 0 leaves their variances, 1 makes them equal.
    pub whitening: f64,
    /// With images of other goods: the share of the training images for which the first part is
    /// less than half open.
    pub gate_quantile: f64,
    /// Share of the scatter within categories that counts as equal in all directions, in the
    /// discriminant analysis from which training starts.
    pub shrinkage: f64,
    /// Divisor of logits before they become likelihoods: the higher, the more unlikely categories
    /// count.
    pub temperature: f64,
    /// Maximum number of passes over the images.
    pub epochs: usize,
    /// Number of epochs without a better validation after which it ends.
    pub patience: usize,
    /// Number of images in a step.
    pub batch: usize,
    /// Maximum learning rate (AdamW, Loshchilov and Hutter 2019); it falls to zero along a cosine.
    pub learning_rate: f64,
    /// Number of steps over which the rate rises from zero.
    pub warm_up: usize,
    /// Weight decay.
    pub weight_decay: f64,
    /// Share of features that are set to zero in each step (Srivastava et al. 2014).
    pub dropout: f64,
    /// Share of the target that is spread over all categories.
    pub label_smoothing: f64,
    /// Temperature of the supervised contrastive loss.
    pub contrast_temperature: f64,
    /// Weight of that loss; cross-entropy has 1.
    pub contrast_weight: f64,
    /// Exponent of the number of images in the weight of a category, negated: 0 gives every image
    /// equal weight, 1 every category.
    pub balance: f64,
    /// Augmentations of each image in training; the first one is the plain image.
    #[serde(rename = "views", serialize_with = "as_texts")]
    pub augmentations: Vec<Augmentation>,
}

impl Default for Recipe {
    fn default() -> Self {
        Self::with_dimensions(256)
    }
}

impl Recipe {
    /// Returns the recipe for embeddings of this length.
    pub fn with_dimensions(dimensions: usize) -> Self {
        Self {
            dimensions,
            trained_share: 0.6,
            whitening: 0.5,
            gate_quantile: 0.05,
            shrinkage: 0.2,
            temperature: 5.0,
            epochs: 20,
            patience: 5,
            batch: 256,
            learning_rate: 1e-5,
            warm_up: 20,
            weight_decay: 0.0,
            dropout: 0.2,
            label_smoothing: 0.1,
            contrast_temperature: 0.1,
            contrast_weight: 1.0,
            balance: 0.5,
            augmentations: vec![Augmentation::NONE, Augmentation::NONE.flip()],
        }
    }

    /// Returns the recipe for an encoder that also has to find goods that it was not trained on.
    /// Less whitening keeps more of what the backbone knows about them.
    #[must_use]
    pub fn among_others(self) -> Self {
        Self {
            whitening: 0.25,
            ..self
        }
    }

    /// Returns the maximum length of the first part: half of all, so that there are at least as
    /// many components.
    pub fn max_trained(&self) -> usize {
        (self.dimensions / 2).max(1)
    }
}

fn as_texts<S: serde::Serializer>(
    augmentations: &[Augmentation],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(augmentations.iter().map(ToString::to_string))
}
