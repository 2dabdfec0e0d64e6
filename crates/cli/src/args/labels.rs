//! The categories of images, for every command that needs them.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use lookalike_training::label_table::LabelTable;

/// The categories of images.
#[derive(Debug, Args)]
pub(crate) struct LabelArguments {
    /// CSV with the columns `image` and `label` or `category`; by default the folder of an image is its
    /// category.
    #[arg(long, value_name = "CSV")]
    pub(crate) labels: Option<PathBuf>,

    /// The column of the labels, instead of `label` or `category`.
    #[arg(long, value_name = "NAME", requires = "labels")]
    pub(crate) label_column: Option<String>,
}

impl LabelArguments {
    /// Returns the table of categories, if there is one.
    pub(crate) fn table(&self) -> Result<Option<LabelTable>> {
        let column = self.label_column.as_deref();
        let path = self.labels.as_deref();
        Ok(path
            .map(|path| LabelTable::open(path, column))
            .transpose()?)
    }
}
