//! The arguments of commands that use encoders on files.

use std::path::PathBuf;

use clap::{Args, ValueEnum, value_parser};
use lookalike_training::encoder_choice::EncoderChoice;

use super::catalog::ProductIdSource;
use super::labels::LabelArguments;

/// Arguments of `embed`.
#[derive(Debug, Args)]
pub(crate) struct EmbedArguments {
    /// Image files.
    #[arg(required = true, value_name = "IMAGE")]
    pub(crate) images: Vec<PathBuf>,

    /// Folder or s3://bucket/prefix with model.onnx and preprocessor_config.json; by default the built-in
    /// encoder.
    #[arg(long, env = "LOOKALIKE_ENCODER", value_name = "DIR")]
    pub(crate) encoder: Option<String>,

    /// Keep uniform margins of images.
    #[arg(long)]
    pub(crate) no_trim: bool,

    /// Print one JSON object per line: {"image": ..., "embedding": [...]}.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `evaluate`.
#[derive(Debug, Args)]
pub(crate) struct EvaluateArguments {
    /// Folder of the images to find.
    #[arg(long, value_name = "DIR")]
    pub(crate) catalog: PathBuf,

    /// Folder of the images to search with; if it is the catalog itself, each image is searched for among
    /// the others.
    #[arg(long, value_name = "DIR")]
    pub(crate) queries: PathBuf,

    #[command(flatten)]
    pub(crate) labels: LabelArguments,

    /// What counts as found: with `product`, no image of the query's own product counts, neither as right nor as
    /// wrong, so the figures say how well other products of a category are found.
    #[arg(long, value_name = "WHAT", default_value = "image")]
    pub(crate) by: CountedBy,

    /// What the product id of an image is, with `--by product`: its file name without the extension (`stem`, the
    /// default), its path (`path`), or its folder (`folder`). A column `product_id` or `id` of --labels comes first.
    #[arg(long, value_name = "SOURCE")]
    pub(crate) product_id: Option<ProductIdSource>,

    /// Columns of --labels, such as `color,pattern`: also print how often the k nearest agree with the query in
    /// them, against chance.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', requires = "labels")]
    pub(crate) agree: Vec<String>,

    /// Folder with model.onnx and preprocessor_config.json, or `embedded`.
    #[arg(
        long,
        env = "LOOKALIKE_ENCODER",
        value_name = "DIR",
        default_value = "embedded"
    )]
    pub(crate) encoder: EncoderChoice,

    /// Another encoder to compare the first one with.
    #[arg(long, value_name = "DIR")]
    pub(crate) compare: Option<EncoderChoice>,

    /// Number of neighbors for P@k and R@k.
    #[arg(long, short, default_value_t = 10, value_parser = value_parser!(u32).range(1..))]
    pub(crate) k: u32,

    /// Write a report with images: one file, readable in any browser.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,

    /// Number of queries of each category in the report, worst first.
    #[arg(long, value_name = "N", default_value_t = 12)]
    pub(crate) queries_shown: usize,

    /// The same seed gives the same intervals.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// Print a JSON document with everything, including each query's neighbors.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The images that an evaluation counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CountedBy {
    /// Every image except the query itself and copies of it.
    Image,
    /// Images of other products than the query's.
    Product,
}
