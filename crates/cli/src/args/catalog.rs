//! The arguments of commands that add images and metadata to a catalog, or draw a sample of both.

use std::path::PathBuf;

use clap::{Args, value_parser};

use super::fetch_images::FetchArguments;
use super::target::TargetArguments;

/// Arguments of `upload`.
#[derive(Debug, Args)]
pub(crate) struct UploadArguments {
    /// Folder of images; the folders in it become categories.
    pub(crate) folder: PathBuf,

    /// CSV whose `image` column names the product of an image, if the file name does not.
    #[arg(long, value_name = "CSV")]
    pub(crate) metadata: Option<PathBuf>,

    /// Upload unchanged images too.
    #[arg(long)]
    pub(crate) force: bool,

    /// Print a JSON object.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) target: TargetArguments,
}

/// Arguments of `import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// UTF-8 CSV with a header; `product_id` is required, every other column becomes metadata.
    pub(crate) csv: PathBuf,

    /// Do not wait until the index has the metadata of the CSV.
    #[arg(long)]
    pub(crate) no_wait: bool,

    /// Print a JSON object.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) target: TargetArguments,

    #[command(flatten)]
    pub(crate) images: FetchArguments,
}

/// Arguments of `draw`.
#[derive(Debug, Args)]
pub(crate) struct DrawArguments {
    /// Folder to draw into.
    pub(crate) folder: PathBuf,

    /// Number of products.
    #[arg(long, default_value_t = 300, value_parser = value_parser!(u32).range(1..=100_000))]
    pub(crate) products: u32,

    /// The same seed draws the same catalog.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}
