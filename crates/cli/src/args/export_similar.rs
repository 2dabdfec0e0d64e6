//! The arguments of `export-similar`.

use clap::{Args, value_parser};

use super::target::OutputArguments;

/// Arguments of `export-similar`.
///
/// Each product's file is named after its id, as encodeURIComponent writes it, followed by `.json`; index.json names
/// them all. A second run writes only what changed.
#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// Number of similar products of each product.
    #[arg(long, short, default_value_t = 12, value_parser = value_parser!(u32).range(1..=1000))]
    pub(crate) k: u32,

    /// Folder or s3://bucket/prefix to write to.
    #[arg(long, value_name = "DIR|S3")]
    pub(crate) out: String,

    /// Members of the metadata to include, separated by commas; by default none.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) fields: Vec<String>,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}
