use std::path::PathBuf;

use crate::image_files::EXTENSIONS;

/// The reason why a folder or a table has no labeled images.
#[derive(Debug, thiserror::Error)]
pub enum LabelError {
    /// The path is not a folder.
    #[error("{0:?} is not a folder")]
    NotAFolder(PathBuf),
    /// A file or folder cannot be read.
    #[error("cannot read {path:?}: {source}")]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The folder has no image files.
    #[error(
        "{folder:?} has no images: expected files that end in {endings}, found {others} others",
        endings = EXTENSIONS.join(", ")
    )]
    NoImages {
        /// The folder.
        folder: PathBuf,
        /// Number of files without an image extension.
        others: usize,
    },
    /// No image is in a folder of its category.
    #[error(
        "{folder:?} has no categories: expected a folder for each with its pictures inside, found \
         {images} images directly in it; sort them into folders or name a CSV of labels"
    )]
    NoCategories {
        /// The folder.
        folder: PathBuf,
        /// Number of images directly in it.
        images: usize,
    },
    /// The table names none of the images of a folder.
    #[error(
        "{table:?} names none of the {images} images in {folder:?}: its column \"image\" has to \
         hold their paths, such as {example:?}"
    )]
    NoneNamed {
        /// The table.
        table: PathBuf,
        /// The folder.
        folder: PathBuf,
        /// Number of images in it.
        images: usize,
        /// The path of one of them.
        example: String,
    },
    /// The table lacks a column.
    #[error("{table:?} has no column {expected}, only {found}")]
    MissingColumn {
        /// The table.
        table: PathBuf,
        /// The missing column, quoted, or those that are accepted.
        expected: String,
        /// The columns it has.
        found: String,
    },
    /// The file is not a table.
    #[error("{table:?} is not a UTF-8 CSV file with a header: {reason}")]
    NotATable {
        /// The file.
        table: PathBuf,
        /// The fault.
        reason: String,
    },
    /// The table has a header and no labels.
    #[error("{table:?} labels no images: {lines} lines below its header, none usable")]
    EmptyTable {
        /// The table.
        table: PathBuf,
        /// Number of lines that could not be used.
        lines: usize,
    },
}
