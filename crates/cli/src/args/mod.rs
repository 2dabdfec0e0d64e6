//! The command line: commands and their arguments.

mod audit;
mod catalog;
mod encoder;
mod export_similar;
mod finetune;
mod index;
mod labels;
mod query_arg;
mod search;
mod serve;
mod target;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

pub(crate) use audit::AuditArguments;
pub(crate) use catalog::{DrawArguments, ImportArguments, UploadArguments};
pub(crate) use encoder::{EmbedArguments, EvaluateArguments};
pub(crate) use export_similar::ExportArguments;
pub(crate) use finetune::FinetuneArguments;
pub(crate) use index::{IndexAction, IndexArguments, ReindexArguments, StatusArguments};
pub(crate) use query_arg::QueryArg;
pub(crate) use search::{GroupByArgument, SearchArguments};
pub(crate) use serve::{DemoArguments, ServeArguments};
pub(crate) use target::{OutputArguments, TargetArguments};

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
