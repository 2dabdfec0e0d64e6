//! What can be said on the command line.

mod search;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, value_parser};
use clap_complete::Shell;
use lookalike_core::Filterable;
use lookalike_training::encoder_choice::EncoderChoice;

use crate::commands::{AuditArguments, ExportArguments};
use crate::labels::LabelArguments;
pub(crate) use search::{GroupByArgument, SearchArguments};

/// Visual product search that a shop runs in its own AWS account.
///
/// `demo` and `serve` run the complete system on this machine. The other commands work against a
/// system: one deployed to AWS (`--stack`), a running `serve` (`--data`), or whatever the environment
/// variables name.
///
/// Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but for what was reported.
#[derive(Debug, Parser)]
#[command(name = "lookalike", version, max_term_width = 100)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Log what happens to standard error.
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Draw a sample catalog, index it and serve it, all in a temporary folder.
    Demo(DemoArguments),
    /// Run S3, DynamoDB, SQS, the indexer, the search API and the page on this machine.
    Serve(ServeArguments),
    /// Upload each new or changed picture of a folder tree to the catalog.
    Upload(UploadArguments),
    /// Import product metadata from a CSV file.
    Import(ImportArguments),
    /// Find the products that look like a picture, or like other things.
    Search(SearchArguments),
    /// Embed pictures with the configured encoder.
    Embed(EmbedArguments),
    /// Make an encoder that finds better neighbours among pictures like yours.
    Finetune(FinetuneArguments),
    /// Measure how well an encoder finds neighbours of the right category.
    ///
    /// P@1 is how often the nearest neighbour is right, P@k the share of right ones among the first k,
    /// R@k how often any of them is right, mAP the mean precision at the ranks of all right ones, MRR
    /// one over the rank of the first right one. Brackets are 95 % intervals by resampling the queries.
    Evaluate(EvaluateArguments),
    /// Look over the catalog: duplicates, pictures filed wrongly, products without pictures, and where bucket, index
    /// and table disagree.
    Audit(AuditArguments),
    /// Write the similar products of every product as files that a shop can serve without anything running.
    ExportSimilar(ExportArguments),
    /// Look at the index, check it, or put it in order.
    Index(IndexArguments),
    /// Change the encoder of a live catalog: index every picture with another one, then switch.
    Reindex(ReindexArguments),
    /// Tell how many pictures are indexed and which failed.
    Status(StatusArguments),
    /// Draw the sample catalog into a folder: pictures and a CSV.
    Draw(DrawArguments),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// Which system to work against.
#[derive(Debug, Clone, Args)]
pub(crate) struct TargetArguments {
    /// Name of a deployed CloudFormation stack; its outputs tell buckets, table and queue. Without this
    /// and --data, LOOKALIKE_STACK may name it.
    #[arg(long, conflicts_with = "data")]
    pub(crate) stack: Option<String>,

    /// Data folder of a running `lookalike serve`.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Port of the page and the search API; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    pub(crate) port: u16,

    /// Port of the S3 endpoint; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub(crate) s3_port: u16,

    /// Port of the DynamoDB endpoint; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub(crate) dynamodb_port: u16,

    /// Port of the SQS endpoint; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub(crate) sqs_port: u16,

    /// Number of products to draw.
    #[arg(long, default_value_t = 300, value_parser = value_parser!(u32).range(1..=100_000))]
    pub(crate) products: u32,

    /// Columns that searches can be filtered by, separated by commas; `category` always is one.
    #[arg(
        long,
        value_name = "NAMES",
        default_value = "category,colour,in_stock,pattern,price"
    )]
    pub(crate) filterable: Filterable,
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Folder that keeps everything; the same folder continues where it stopped.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,

    /// Upload each new or changed picture of this folder tree before getting ready.
    #[arg(long, value_name = "DIR")]
    pub(crate) catalog: Option<PathBuf>,

    /// Import this CSV of product metadata before getting ready.
    #[arg(long, value_name = "CSV")]
    pub(crate) metadata: Option<PathBuf>,

    /// Port of the page and the search API; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    pub(crate) port: u16,

    /// Port of the S3 endpoint; 0 takes a free one.
    #[arg(long, default_value_t = 9000)]
    pub(crate) s3_port: u16,

    /// Port of the DynamoDB endpoint; 0 takes a free one.
    #[arg(long, default_value_t = 8000)]
    pub(crate) dynamodb_port: u16,

    /// Port of the SQS endpoint; 0 takes a free one.
    #[arg(long, default_value_t = 9324)]
    pub(crate) sqs_port: u16,

    /// Columns that searches can be filtered by, separated by commas; `category` always is one.
    #[arg(
        long,
        env = "LOOKALIKE_FILTERABLE",
        value_name = "NAMES",
        default_value = "category"
    )]
    pub(crate) filterable: Filterable,

    /// Seconds that browsers and a content delivery network may keep look-alikes of a product; 0 for none. Without,
    /// what `LOOKALIKE_CACHE_SECONDS` says, or 60.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=86_400))]
    pub(crate) cache_seconds: Option<u32>,

    /// Drop the index and index every picture again: after a change of the encoder, or damage.
    #[arg(long)]
    pub(crate) start_over: bool,

    /// Print the ready line as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `upload`.
#[derive(Debug, Args)]
pub(crate) struct UploadArguments {
    /// Folder of pictures; the folders in it become categories.
    pub(crate) folder: PathBuf,

    /// CSV whose `image` column tells which product a picture shows, where file names do not.
    #[arg(long, value_name = "CSV")]
    pub(crate) metadata: Option<PathBuf>,

    /// Upload what is unchanged too.
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

    /// Do not wait until the index says what the CSV does.
    #[arg(long)]
    pub(crate) no_wait: bool,

    /// Print a JSON object.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) target: TargetArguments,
}

/// Arguments of `embed`.
#[derive(Debug, Args)]
pub(crate) struct EmbedArguments {
    /// Picture files.
    #[arg(required = true, value_name = "IMAGE")]
    pub(crate) images: Vec<PathBuf>,

    /// Folder or s3://bucket/prefix with model.onnx and preprocessor_config.json; the built-in encoder
    /// without.
    #[arg(long, env = "LOOKALIKE_ENCODER", value_name = "DIR")]
    pub(crate) encoder: Option<String>,

    /// Leave uniform margins of pictures on.
    #[arg(long)]
    pub(crate) no_trim: bool,

    /// Print one JSON object per line: {"image": ..., "embedding": [...]}.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `finetune`.
///
/// The backbone stays as it is; a feature layer is trained behind it, on labelled pictures. Ctrl-C
/// ends training and keeps the best so far; a second one ends the command.
#[derive(Debug, Args)]
pub(crate) struct FinetuneArguments {
    /// Folder of pictures; the folder that a picture is in is its category.
    #[arg(long, value_name = "DIR")]
    pub(crate) images: PathBuf,

    #[command(flatten)]
    pub(crate) labels: LabelArguments,

    /// Folder of other pictures to validate with, labelled in the same way.
    #[arg(long, value_name = "DIR", conflicts_with = "validation_share")]
    pub(crate) validation: Option<PathBuf>,

    /// Share of each category to validate with, where there is no folder for it.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1, value_parser = share)]
    pub(crate) validation_share: f64,

    /// Length of an embedding.
    #[arg(long, default_value_t = 256, value_parser = value_parser!(u32).range(8..=2048))]
    pub(crate) dimensions: u32,

    /// Encoder to build on: a folder with model.onnx and preprocessor_config.json, or an ONNX file with
    /// the latter beside it; the built-in encoder without.
    #[arg(long, value_name = "PATH")]
    pub(crate) backbone: Option<PathBuf>,

    /// Folder for the result, absent or empty: model.onnx, preprocessor_config.json and card.json.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,

    /// Name of the encoder; that of the folder without.
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// Terms that the encoder is under, for the card; once for each thing it was made from.
    #[arg(long, value_name = "TEXT")]
    pub(crate) licence: Vec<String>,

    /// Passes over the pictures at most; 0 leaves the discriminant analysis that training begins from.
    #[arg(long, value_parser = value_parser!(u32).range(0..=10_000))]
    pub(crate) epochs: Option<u32>,

    /// Epochs without a better mAP on the validation pictures after which training ends.
    #[arg(long, value_parser = value_parser!(u32).range(1..=10_000))]
    pub(crate) patience: Option<u32>,

    /// The same seed gives the same encoder on the same machine.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// Folder that keeps pooled features for the next run; in the user's cache folder without.
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,

    /// Also train once without each category and measure on what was left out: does it still find
    /// things it never saw?
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

/// Arguments of `evaluate`.
#[derive(Debug, Args)]
pub(crate) struct EvaluateArguments {
    /// Folder of the pictures to find.
    #[arg(long, value_name = "DIR")]
    pub(crate) catalog: PathBuf,

    /// Folder of the pictures to search with; when it is the catalog itself, each picture is searched
    /// for among the others.
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

    /// Another encoder, to tell how much better or worse the first one is.
    #[arg(long, value_name = "DIR")]
    pub(crate) compare: Option<EncoderChoice>,

    /// How many neighbours P@k and R@k look at.
    #[arg(long, short, default_value_t = 10, value_parser = value_parser!(u32).range(1..))]
    pub(crate) k: u32,

    /// Write a report with pictures: one file, readable in any browser.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,

    /// Queries that the report shows of each category, the worst first.
    #[arg(long, value_name = "N", default_value_t = 12)]
    pub(crate) queries_shown: usize,

    /// The same seed gives the same intervals.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// Print a JSON document with everything, each query's neighbours included.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `index`.
#[derive(Debug, Args)]
pub(crate) struct IndexArguments {
    /// What to do with the index.
    #[command(subcommand)]
    pub(crate) action: IndexAction,

    /// Metadata that searches can be filtered by, separated by commas; without, what the system declares.
    #[arg(long, global = true, value_name = "NAMES")]
    pub(crate) filterable: Option<Filterable>,
}

/// What to do with the index.
#[derive(Debug, Subcommand)]
pub(crate) enum IndexAction {
    /// Generation, counts, encoder and segments.
    Info(OutputArguments),
    /// Read every segment in full, and compare the index with bucket and table.
    Verify {
        /// Index here and now what the comparison found missing or outdated.
        #[arg(long)]
        repair: bool,

        #[command(flatten)]
        output: OutputArguments,
    },
    /// Have the rows say what the table says, as after a change of what is filterable; embeds nothing.
    RefreshAttributes(OutputArguments),
    /// What the index says of the pictures of a product.
    Show {
        /// The product.
        product_id: String,

        #[command(flatten)]
        output: OutputArguments,
    },
    /// Rebuild base and graph from the stored embeddings.
    Rebuild {
        /// Drop the index and embed every picture again: after a change of the encoder, or damage.
        #[arg(long)]
        start_over: bool,

        #[command(flatten)]
        output: OutputArguments,
    },
    /// Remove segments that are no longer part of the index and old enough.
    Gc(OutputArguments),
}

/// Arguments of `reindex`.
///
/// The old index is searched until the new one is complete. Stopping is safe at any time; the same
/// command goes on where it stopped.
#[derive(Debug, Args)]
pub(crate) struct ReindexArguments {
    /// Folder or s3://bucket/prefix with model.onnx and preprocessor_config.json; without, the encoder
    /// of LOOKALIKE_ENCODER or of the stack, else the built-in one.
    #[arg(long, value_name = "DIR|S3")]
    pub(crate) encoder: Option<String>,

    /// Build the index, but leave the old one searched.
    #[arg(long)]
    pub(crate) no_switch: bool,

    /// Embed in this process, rather than have the indexer do it.
    #[arg(long)]
    pub(crate) here: bool,

    /// Switch although the new index lacks pictures that the old one has.
    #[arg(long)]
    pub(crate) accept_missing: bool,

    /// Go back to the index that was searched before, at once.
    #[arg(long, group = "instead", conflicts_with_all = ["encoder", "no_switch", "here"])]
    pub(crate) rollback: bool,

    /// Give up the index that was searched before: there is no way back then.
    #[arg(long, group = "instead", conflicts_with_all = ["encoder", "no_switch", "here", "accept_missing"])]
    pub(crate) finish: bool,

    /// Give up the index that is being built.
    #[arg(long, group = "instead", conflicts_with_all = ["encoder", "no_switch", "here", "accept_missing"])]
    pub(crate) cancel: bool,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArguments {
    /// List the pictures that failed, with reasons.
    #[arg(long)]
    pub(crate) failed: bool,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Which system, and for whom to print.
#[derive(Debug, Args)]
pub(crate) struct OutputArguments {
    /// Print a JSON object.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) target: TargetArguments,
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
