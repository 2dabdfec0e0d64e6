//! The arguments of `audit`.

use std::path::PathBuf;

use clap::{Args, value_parser};

use super::target::OutputArguments;

/// Arguments of `audit`.
///
/// Nothing is changed without --repair. Changes made while the audit runs may appear as differences.
#[derive(Debug, Args)]
pub(crate) struct AuditArguments {
    /// Index, in this process, every key on which bucket, index and records disagree, and audit the catalog
    /// again. Nothing else is changed.
    #[arg(long)]
    pub(crate) repair: bool,

    /// Write a page with images: one file, readable in any browser while its links are valid, about an hour.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,

    /// Maximum entries of each list; by default 10 as text, 100 in the page and all in JSON.
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,

    /// Also fine-tune the encoder on a sample of the catalog, of 1,000 images by default, and measure
    /// on held-out products how much `lookalike finetune` would gain. Nothing is changed.
    #[arg(long, value_name = "IMAGES", num_args = 0..=1, require_equals = true, default_missing_value = "1000", value_parser = value_parser!(u32).range(20..))]
    pub(crate) would_gain: Option<u32>,

    /// The attribute of the products that says what is alike, for --would-gain.
    #[arg(
        long,
        value_name = "NAME",
        default_value = "category",
        requires = "would_gain"
    )]
    pub(crate) label_column: String,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}
