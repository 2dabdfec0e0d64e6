//! The arguments of fetching the images of a feed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, value_parser};

use crate::fetch_images::{FetchOptions, PruneMode};

/// Arguments of `import --fetch-images`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Images")]
pub(crate) struct FetchArguments {
    /// Download the images that the feed links to into the catalog; a repeated run downloads only what is new or has
    /// changed.
    ///
    /// Links are the entries of image columns that begin with http:// or https://.
    #[arg(long)]
    pub(crate) fetch_images: bool,

    /// Number of images that are downloaded at the same time, each of at most 32 MiB in memory.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = value_parser!(u32).range(1..=64), requires = "fetch_images")]
    parallel: u32,

    /// Seconds without a byte after which a download is given up; one download takes at most 5 minutes.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = value_parser!(u64).range(1..=300), requires = "fetch_images")]
    fetch_timeout: u64,

    /// File for the links that failed, with reasons [default: beside the feed, with the ending
    /// .failed-images.csv].
    #[arg(long, value_name = "FILE", requires = "fetch_images")]
    pub(crate) failed_images: Option<PathBuf>,

    /// Also connect to private, loopback and link-local addresses, such as an image server in the same network.
    #[arg(long, requires = "fetch_images")]
    allow_private_addresses: bool,

    /// Then remove the images that earlier fetches stored and that the feed no longer links to.
    ///
    /// The feed must have every product. Nothing is removed if it has bad lines or no links. A product keeps its
    /// images while one of its links fails.
    #[arg(long, requires = "fetch_images")]
    pub(crate) prune: bool,

    /// Remove without asking.
    #[arg(long, requires = "prune")]
    yes: bool,
}

impl FetchArguments {
    /// Returns the limits of the fetch.
    pub(crate) fn options(&self) -> FetchOptions {
        FetchOptions {
            parallel: self.parallel as usize,
            idle_timeout: Duration::from_secs(self.fetch_timeout),
            allow_private_addresses: self.allow_private_addresses,
        }
    }

    /// Returns who answers for the removal.
    pub(crate) fn prune_mode(&self) -> PruneMode {
        match self.yes {
            true => PruneMode::Yes,
            false => PruneMode::Ask,
        }
    }
}
