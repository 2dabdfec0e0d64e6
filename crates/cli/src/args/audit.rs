//! The arguments of `audit`.

use std::path::PathBuf;

use clap::{Args, value_parser};

use super::target::OutputArguments;

/// Arguments of `audit`.
///
/// Nothing is changed without --repair. What others change while the audit runs may be among what it finds.
#[derive(Debug, Args)]
pub(crate) struct AuditArguments {
    /// Have the indexer's code look at every key at which bucket, index and records disagree, here and now, and
    /// look over the catalog again. Nothing else is touched.
    #[arg(long)]
    pub(crate) repair: bool,

    /// Write a page with pictures: one file, readable in any browser while its links are good, about an hour.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,

    /// Entries of each list; without, 10 for people, 100 in the page and all in JSON.
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}
