//! The arguments of `finetune`.

use std::path::PathBuf;

use clap::{Args, value_parser};

use super::labels::LabelArguments;

/// Arguments of `finetune`.
///
/// The backbone stays unchanged; a feature layer behind it is trained on labeled images. Ctrl-C
/// ends training and keeps the best so far; a second one ends the command.
#[derive(Debug, Args)]
pub(crate) struct FinetuneArguments {
    /// Folder of images; the folder of an image is its category.
    #[arg(long, value_name = "DIR")]
    pub(crate) images: PathBuf,

    #[command(flatten)]
    pub(crate) labels: LabelArguments,

    /// Folder of other images to validate with, labeled in the same way.
    #[arg(long, value_name = "DIR", conflicts_with = "validation_share")]
    pub(crate) validation: Option<PathBuf>,

    /// Share of each category to validate with, if there is no folder for it.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1, value_parser = share)]
    pub(crate) validation_share: f64,

    /// Folder of images of other goods, in folders as for --images; may be repeated. The encoder
    /// still finds such goods, and others that are not in any folder, as well as its backbone.
    #[arg(long, value_name = "DIR")]
    pub(crate) others: Vec<PathBuf>,

    /// Length of an embedding.
    #[arg(long, default_value_t = 256, value_parser = value_parser!(u32).range(8..=2048))]
    pub(crate) dimensions: u32,

    /// Encoder to build on: a folder with model.onnx and preprocessor_config.json, or an ONNX file
    /// with the latter beside it; by default the built-in encoder.
    #[arg(long, value_name = "PATH")]
    pub(crate) backbone: Option<PathBuf>,

    /// Folder for the result, absent or empty: model.onnx, preprocessor_config.json and card.json.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,

    /// Name of the encoder; by default the name of the folder.
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// License terms of the encoder, for the card; once for each source.
    #[arg(long, value_name = "TEXT")]
    pub(crate) licence: Vec<String>,

    /// Maximum passes over the images; 0 keeps the discriminant analysis from which training
    /// starts.
    #[arg(long, value_parser = value_parser!(u32).range(0..=10_000))]
    pub(crate) epochs: Option<u32>,

    /// Epochs without a better mAP on the validation images after which training ends.
    #[arg(long, value_parser = value_parser!(u32).range(1..=10_000))]
    pub(crate) patience: Option<u32>,

    /// The same seed gives the same encoder on the same machine.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// Folder that keeps pooled features for the next run; by default in the user's cache folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,

    /// Also train once without each category and measure on that category, to see how well the
    /// encoder finds things that it never saw.
    #[arg(long)]
    pub(crate) leave_one_out: bool,

    /// Print the card as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    if share > 0.0 && share < 1.0 {
        Ok(share)
    } else {
        Err(format!(
            "expected more than 0 and less than 1, found {share}"
        ))
    }
}
