//! The arguments of commands that show or maintain the index.

use clap::{Args, Subcommand};
use lookalike_service::Filterable;

use super::target::OutputArguments;

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
