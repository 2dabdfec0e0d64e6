//! The arguments of commands that show or maintain the index.

use clap::{Args, Subcommand, ValueEnum};
use lookalike_core::Filterable;

use super::target::OutputArguments;

/// Arguments of `index`.
#[derive(Debug, Args)]
pub(crate) struct IndexArguments {
    /// The action.
    #[command(subcommand)]
    pub(crate) action: IndexAction,

    /// Metadata that searches can be filtered by, separated by commas; by default as the system declares.
    #[arg(long, global = true, value_name = "NAMES")]
    pub(crate) filterable: Option<Filterable>,
}

/// The actions of `index`.
#[derive(Debug, Subcommand)]
pub(crate) enum IndexAction {
    /// Show generation, counts, encoder and segments.
    Info(OutputArguments),
    /// Read every segment in full, and compare the index with bucket and table.
    Verify {
        /// Index, in this process, what the comparison found to be missing or outdated.
        #[arg(long)]
        repair: bool,

        #[command(flatten)]
        output: OutputArguments,
    },
    /// Update the attributes of rows from the table, for example after a change of what is
    /// filterable; embeds nothing.
    RefreshAttributes(OutputArguments),
    /// Show the images of a product in the index, with their attributes.
    Show {
        /// The product.
        product_id: String,

        #[command(flatten)]
        output: OutputArguments,
    },
    /// Rebuild base and graph from the stored embeddings.
    Rebuild {
        /// Drop the index and embed every image again: after a change of the encoder, or damage.
        #[arg(long)]
        start_over: bool,

        #[command(flatten)]
        output: OutputArguments,
    },
    /// Go back to an earlier generation, which is possible for a quarter of an hour after it was replaced.
    Rollback {
        /// The generation, as in `history` of `lookalike status`.
        #[arg(long, value_name = "GENERATION")]
        to: u64,

        #[command(flatten)]
        output: OutputArguments,
    },
    /// Remove segments and vector bases that are no longer part of the index. A first run lists them, and one at least an
    /// hour later removes them.
    Gc(OutputArguments),
}

/// Arguments of `reindex`.
///
/// The old index is searched until the new one is complete. It is safe to stop at any time; the same
/// command continues where it stopped.
///
/// With --engine it is not the encoder that changes, but the place of the base: a segment that every function holds
/// in memory, or a table of DynamoDB with a vector index, for catalogs that do not fit. See docs/vector-base.md.
#[derive(Debug, Args)]
pub(crate) struct ReindexArguments {
    /// Folder or s3://bucket/prefix with model.onnx and preprocessor_config.json; by default the encoder
    /// of LOOKALIKE_ENCODER or of the stack, otherwise the built-in one.
    #[arg(long, value_name = "DIR|S3")]
    pub(crate) encoder: Option<String>,

    /// Move the base of the index there instead of changing the encoder; no image is embedded. --rollback and
    /// --cancel take the base segment back, --finish gives it up, --backfill indexes images that it lacks. After
    /// --finish, `--engine segments` makes a new base segment.
    #[arg(long, value_enum, conflicts_with_all = ["encoder", "here", "accept_missing"])]
    pub(crate) engine: Option<Engine>,

    /// Slots of a new vector base, rounded up to a power of two. All are searched at once, and each returns up to
    /// 100 images; by default one per 125,000 images, and at least four.
    #[arg(long, requires = "engine", conflicts_with = "instead", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) slots: Option<u32>,

    /// Index all images of the catalog that a finished vector base lacks, many at once, straight into it.
    #[arg(
        long,
        group = "instead",
        requires = "engine",
        conflicts_with = "no_switch"
    )]
    pub(crate) backfill: bool,

    /// Build the index, but keep searching the old one.
    #[arg(long)]
    pub(crate) no_switch: bool,

    /// Embed in this process instead of the indexer.
    #[arg(long)]
    pub(crate) here: bool,

    /// Switch even if the new index lacks images that the old one has.
    #[arg(long)]
    pub(crate) accept_missing: bool,

    /// Go back to the index that was searched before, at once.
    #[arg(long, group = "instead", conflicts_with_all = ["encoder", "no_switch", "here"])]
    pub(crate) rollback: bool,

    /// Drop the index that was searched before; this cannot be undone.
    #[arg(long, group = "instead", conflicts_with_all = ["encoder", "no_switch", "here", "accept_missing"])]
    pub(crate) finish: bool,

    /// Drop the index that is being built.
    #[arg(long, group = "instead", conflicts_with_all = ["encoder", "no_switch", "here", "accept_missing"])]
    pub(crate) cancel: bool,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// The place of the base of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// A vector base: a table of DynamoDB with a vector index.
    Dynamodb,
    /// A base segment, held in memory.
    Segments,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArguments {
    /// List the images that failed, with reasons.
    #[arg(long)]
    pub(crate) failed: bool,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}
