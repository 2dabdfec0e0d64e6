use std::io;
use std::path::PathBuf;

use lookalike_encoder::LoadError;

use crate::label_error::LabelError;

/// The reason why fine-tuning failed.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// The folder or the table of labels has nothing to use.
    #[error(transparent)]
    Labels(#[from] LabelError),
    /// The images are all of one category.
    #[error(
        "all {images} images are of the category {category:?}: expected two categories or \
         more, for training learns to tell them apart"
    )]
    OneCategory {
        /// The category.
        category: String,
        /// Number of its images.
        images: usize,
    },
    /// Fewer than two categories tell images apart.
    #[error(
        "expected two categories or more that tell images apart, found {left}: nearly all images have {common}, of \
         {images} in all; add images of other goods, or choose labels that differ with --label-column"
    )]
    CommonCategories {
        /// Number of images.
        images: usize,
        /// The categories that nearly all images have.
        common: String,
        /// Number of other categories.
        left: usize,
    },
    /// No image can be used.
    #[error("none of the {found} images can be used, the first because: {first}")]
    NothingUsable {
        /// Number of images that were tried.
        found: usize,
        /// Name of the first image, and the reason.
        first: String,
    },
    /// No images are left for validation.
    #[error(
        "no images are left to validate with: expected categories of two products or more without nearly \
         identical images, found none among {categories}; add images, or name a folder of others with \
         --validation"
    )]
    NothingToValidate {
        /// Number of trained categories.
        categories: usize,
    },
    /// No category can be left out.
    #[error(
        "no category can be left out: expected one with images to validate with, and two others or more \
         to train and to validate without it"
    )]
    NothingToLeaveOut,
    /// The features cannot be stored.
    #[error(
        "cannot keep features in {folder:?}: {source}; free some space or name another folder with \
         --cache, and run the same command again: what was computed is not computed twice"
    )]
    Cache {
        /// Folder of the cache.
        folder: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The output folder exists and is not empty.
    #[error("{folder:?} is not empty: name a new folder with --out, or remove it first")]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
    },
    /// The result cannot be written.
    #[error(
        "cannot write {path:?}: {source}; nothing was left there. Free some space or name another \
         folder with --out, and run the same command again: the features are kept"
    )]
    Output {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The backbone cannot be used or joined.
    #[error("the backbone cannot be used: {0}")]
    Backbone(#[from] LoadError),
    /// The images cannot be compared with each other.
    #[error("the images cannot be compared by their features: {0}; check the backbone")]
    Comparison(#[from] lookalike_index::IndexError),
    /// A stop was requested before there was a result.
    #[error(
        "stopped before the first epoch was over, nothing was written; run the same command again: \
         features that were computed are kept"
    )]
    Stopped,
    /// Numbers overflowed in training.
    #[error(
        "training gave no finite numbers after {epochs} epochs: the pooled features of the backbone \
         reach {largest}, which is too much; check the preprocessing file"
    )]
    NotFinite {
        /// Number of epochs so far.
        epochs: usize,
        /// Largest magnitude of a feature.
        largest: f32,
    },
}
