use std::io;
use std::path::PathBuf;

use lookalike_encoder::LoadError;

use crate::label_error::LabelError;

/// The reason why there is no fine-tuned encoder.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// The folder or the table of labels has nothing to use.
    #[error(transparent)]
    Labels(#[from] LabelError),
    /// The images show one thing only.
    #[error(
        "all {images} usable pictures are of the category {category:?}: expected two categories or \
         more, for training learns to tell them apart"
    )]
    OneCategory {
        /// The category.
        category: String,
        /// Images of it.
        images: usize,
    },
    /// No image can be used.
    #[error("none of the {found} pictures can be used, the first because: {first}")]
    NothingUsable {
        /// Images that were tried.
        found: usize,
        /// Name and reason of the first.
        first: String,
    },
    /// Nothing to validate with.
    #[error(
        "no pictures are left to validate with: expected categories of two pictures or more, found \
         {categories} of one each; add pictures or name a folder of others with --validation"
    )]
    NothingToValidate {
        /// Categories that train.
        categories: usize,
    },
    /// The features cannot be kept.
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
    /// The output folder is there and not empty.
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
    /// A request to stop came before there was anything to keep.
    #[error(
        "stopped before the first epoch was over, nothing was written; run the same command again: \
         features that were computed are kept"
    )]
    Stopped,
    /// Training left the range of numbers.
    #[error(
        "training gave no finite numbers after {epochs} epochs: the pooled features of the backbone \
         reach {largest}, which is too much; check the preprocessing file"
    )]
    NotFinite {
        /// Epochs trained.
        epochs: usize,
        /// Largest magnitude of a feature.
        largest: f32,
    },
}
