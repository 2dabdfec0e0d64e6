//! The command line: commands and their arguments.

mod audit;
mod catalog;
mod dead_letters;
mod encoder;
mod export_similar;
mod fetch_images;
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
pub(crate) use catalog::{DrawArguments, ImportArguments, ProductIdSource, UploadArguments};
pub(crate) use dead_letters::{DeadLetterAction, DeadLettersArguments};
pub(crate) use encoder::{CountedBy, EmbedArguments, EvaluateArguments};
pub(crate) use export_similar::ExportArguments;
pub(crate) use fetch_images::FetchArguments;
pub(crate) use finetune::FinetuneArguments;
pub(crate) use index::{Engine, IndexAction, IndexArguments, ReindexArguments, StatusArguments};
pub(crate) use query_arg::QueryArg;
pub(crate) use search::{GroupByArgument, SearchArguments};
pub(crate) use serve::{DemoArguments, ServeArguments};
pub(crate) use target::{OutputArguments, TargetArguments};

/// Visual product search that a shop runs in its own AWS account.
///
/// `demo` and `serve` run the complete system on this machine. The other commands work against a
/// system: one deployed to AWS (`--stack`), a running `serve` (`--data`), or the one named by
/// environment variables.
///
/// Exit codes: 0 done, 1 failed, 2 wrong usage, 3 partly done, with a report of the rest.
#[derive(Debug, Parser)]
#[command(name = "lookalike", version, max_term_width = 100)]
pub(crate) struct Arguments {
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Log progress to standard error.
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Draw a sample catalog, index it and serve it, all in a temporary folder.
    Demo(DemoArguments),
    /// Run S3, DynamoDB, SQS, the indexer, the search API and the page on this machine.
    Serve(ServeArguments),
    /// Upload each new or changed image of a folder tree to the catalog.
    Upload(UploadArguments),
    /// Import product metadata from a table or a feed, and the images that it links to.
    Import(ImportArguments),
    /// Find the products that look like an image, a product, or several of them.
    Search(SearchArguments),
    /// Embed images with the configured encoder.
    Embed(EmbedArguments),
    /// Train an encoder that finds better neighbors among images like yours.
    Finetune(FinetuneArguments),
    /// Measure how well an encoder finds neighbors of the right category.
    ///
    /// P@1 is the share of queries whose nearest neighbor is right, P@k the share of right ones
    /// among the first k, R@k the share of queries for which any of them is right, mAP the mean
    /// precision at the ranks of all right ones, MRR one over the rank of the first right one.
    /// Brackets are 95 % intervals from resampling the queries.
    Evaluate(EvaluateArguments),
    /// Audit the catalog: find duplicates, misfiled images, products without images, and differences between bucket,
    /// index and table.
    Audit(AuditArguments),
    /// Write the similar products of every product as files that a shop can serve without a running system.
    ExportSimilar(ExportArguments),
    /// Show, check or maintain the index.
    Index(IndexArguments),
    /// Change the encoder of a live catalog: index every image with another one, then switch. Or move the base of its
    /// index to another engine.
    Reindex(ReindexArguments),
    /// Show how many images are indexed and which failed.
    Status(StatusArguments),
    /// Show or replay what the deployed system gave up after several attempts.
    DeadLetters(DeadLettersArguments),
    /// Draw the sample catalog into a folder: images and a CSV.
    Draw(DrawArguments),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}
