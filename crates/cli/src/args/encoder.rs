//! The arguments of commands that use encoders on files.

use std::path::PathBuf;

use clap::{Args, value_parser};
use lookalike_training::encoder_choice::EncoderChoice;

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
