//! The arguments of `finetune`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, value_parser};
use lookalike_training::label_table::LabelTable;

use super::labels::LabelArguments;
use super::target::TargetArguments;

/// The attribute that is the label of a catalog's images by default.
const CATEGORY: &str = "category";

/// Arguments of `finetune`.
///
/// Images and labels come from the catalog of a system (--stack or --data), or from a folder
/// (--images). The backbone stays unchanged; a feature layer behind it is trained on the images.
/// Products that are held out of training show how good the encoder was before and is after. Ctrl-C
/// ends training and keeps the best so far; a second one ends the command.
#[derive(Debug, Args)]
pub(crate) struct FinetuneArguments {
    #[command(flatten)]
    pub(crate) target: TargetArguments,

    /// Folder of images to train on instead of a catalog; the folder of an image is its category.
    #[arg(long, value_name = "DIR")]
    pub(crate) images: Option<PathBuf>,

    /// CSV with the columns `image` and `label` or `category`, and `product_id` if products have
    /// several images; by default the folder of an image is its category.
    #[arg(long, value_name = "CSV", requires = "images")]
    pub(crate) labels: Option<PathBuf>,

    /// The attribute of the products that says what is alike; by default `category`. With --labels,
    /// the column of the labels, by default `label` or `category`.
    #[arg(long, value_name = "NAME")]
    pub(crate) label_column: Option<String>,

    /// Maximum images of the catalog, or of each of the folders --images, --validation and --others.
    /// Of more, the same share of the products of each label is used, and a note says so. 1,000
    /// images take some 60 MB of memory.
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = value_parser!(u32).range(20..))]
    pub(crate) max_images: u32,

    /// Folder of other images to validate with, labeled in the same way.
    #[arg(
        long,
        value_name = "DIR",
        requires = "images",
        conflicts_with = "validation_share"
    )]
    pub(crate) validation: Option<PathBuf>,

    /// Share of the products of each category to validate with, if there is no folder for it.
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
    /// with the latter beside it; by default the encoder that the catalog is searched with, and the
    /// built-in one with --images.
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

    /// Then index the catalog with the new encoder and switch, as `lookalike reindex` does; only if
    /// the encoder is certain to measure better than before.
    #[arg(long)]
    pub(crate) reindex: bool,

    /// Print the card as one JSON object; with --reindex, the result of that as a second one.
    #[arg(long)]
    pub(crate) json: bool,
}

impl FinetuneArguments {
    /// Returns what is wrong with a combination of options.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        let names_system = self.target.stack.is_some() || self.target.data.is_some();
        if self.images.is_none() {
            None
        } else if names_system && !self.reindex {
            Some("--images trains on a folder, so --stack and --data are for --reindex alone")
        } else if self.label_column.is_some() && self.labels.is_none() {
            Some("with --images, --label-column names a column of --labels, which is missing")
        } else {
            None
        }
    }

    /// Returns the table of categories, if there is one.
    pub(crate) fn table(&self) -> Result<Option<LabelTable>> {
        let arguments = LabelArguments {
            labels: self.labels.clone(),
            label_column: self.label_column.clone(),
        };
        arguments.table()
    }

    /// Returns the attribute that labels a catalog.
    pub(crate) fn attribute(&self) -> &str {
        self.label_column.as_deref().unwrap_or(CATEGORY)
    }
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
