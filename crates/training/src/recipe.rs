use lookalike_encoder::Augmentation;
use serde::Serialize;

/// Everything that decides what fine-tuning makes of given features. The card repeats it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recipe {
    /// Length of an embedding. Its first part says what an image may be, a number for each category;
    /// the rest are principal components, which keep what the backbone knows of things that no category
    /// names.
    pub dimensions: usize,
    /// Share of the first part in the similarity, 0 to 1.
    pub trained_share: f32,
    /// Degree to which the components are made equal: 0 leaves their variances, 1 makes them the same.
    pub whitening: f64,
    /// Share of the scatter within categories that counts as the same in all directions, in the
    /// discriminant analysis that training begins from.
    pub shrinkage: f64,
    /// Divisor of logits before they become likelihoods: the higher, the more unlikely categories count.
    pub temperature: f64,
    /// Passes over the images at most.
    pub epochs: usize,
    /// Epochs without a better validation after which it ends.
    pub patience: usize,
    /// Images a step.
    pub batch: usize,
    /// Rate of learning (AdamW, Loshchilov and Hutter 2019) at its highest; it falls to zero along a
    /// cosine.
    pub learning_rate: f64,
    /// Steps over which the rate rises from zero.
    pub warm_up: usize,
    /// Decay of weights.
    pub weight_decay: f64,
    /// Share of features that are hidden in each step (Srivastava et al. 2014).
    pub dropout: f64,
    /// Share of the target that is spread over all categories.
    pub label_smoothing: f64,
    /// Temperature of the supervised contrastive loss.
    pub contrast_temperature: f64,
    /// Weight of that loss; cross-entropy has 1.
    pub contrast_weight: f64,
    /// A category counts by its number of images to the power of minus this: 0 counts every image
    /// the same, 1 every category.
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
    /// The recipe for embeddings of this length.
    pub fn with_dimensions(dimensions: usize) -> Self {
        Self {
            dimensions,
            trained_share: 0.6,
            whitening: 0.5,
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

    /// Numbers that the first part may have: half of all, for the components are to hold at least as many.
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
