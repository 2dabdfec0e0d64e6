//! Downloading the images that a feed of products links to into the catalog.
//!
//! [`fetch`] takes [`ProductLinks`], however they were read, and returns a [`FetchReport`]. Each link of a product
//! becomes one image, `catalog/<category>/<product>-<hash>.<ending>`.
//!
//! The stored image itself remembers where it came from, as object metadata ([`source`]): image and memory are
//! written by one request, so no crash separates them, every machine finds them, and an image that is removed is
//! forgotten. It costs one `HEAD` for each image that is stored already, beside the request to its server.
//!
//! | module | what it does |
//! |---|---|
//! | [`links`] | products to downloads: checks links, finds links of several products |
//! | [`name`] | safe and stable keys |
//! | [`source`], [`stored`] | object metadata of fetched images, and where they are now |
//! | [`addresses`], [`client`] | the HTTP client, which refuses private addresses |
//! | [`downloader`], [`retry`], [`hosts`] | one download, with retries and pauses |
//! | [`content`] | tells by its bytes if a download is a whole image |
//! | [`fetcher`] | one link: ask, check, store |
//! | [`prune`] | removes images whose link is gone |
//! | [`report`], [`bad_link`] | what was done, for people, programs and the file of failures |

mod addresses;
mod bad_link;
mod client;
mod content;
mod downloader;
mod error;
mod fetcher;
mod hosts;
mod links;
mod name;
mod prune;
mod report;
mod retry;
mod source;
mod stored;

use std::time::Duration;

use anyhow::Result;
use futures::{StreamExt, TryStreamExt, stream};
use lookalike_aws::Cloud;

use crate::output;

use client::Client;
use fetcher::Fetcher;
use stored::StoredImages;

pub(crate) use links::{FetchPlan, ProductLinks};
pub(crate) use prune::{PruneMode, Pruned, prune};
pub(crate) use report::FetchReport;
pub(crate) use source::forget_source;

/// Limits of a fetch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FetchOptions {
    /// Number of downloads at the same time.
    pub(crate) parallel: usize,
    /// Maximum time without a byte from the server.
    pub(crate) idle_timeout: Duration,
    /// Also connects to private, loopback and link-local addresses.
    pub(crate) allow_private_addresses: bool,
}

/// Downloads each image that is not in the catalog yet or has changed.
///
/// # Errors
/// Fails if the catalog cannot be read or written. Links that fail are in the report.
pub(crate) async fn fetch(
    cloud: &Cloud,
    plan: &FetchPlan,
    options: FetchOptions,
) -> Result<FetchReport> {
    let client = Client::new(options.idle_timeout, options.allow_private_addresses)?;
    let stored = StoredImages::list(cloud).await?;
    let fetcher = Fetcher::new(cloud, &stored, client);
    let mut report = FetchReport::of(plan);
    let bar = output::progress("fetching", plan.links.len() as u64);
    let mut fetches = stream::iter(&plan.links)
        .map(|link| {
            let fetcher = &fetcher;
            async move { fetcher.fetch(link).await.map(|fetched| (link, fetched)) }
        })
        .buffer_unordered(options.parallel);
    while let Some((link, fetched)) = fetches.try_next().await? {
        report.add(link, fetched);
        bar.inc(1);
    }
    bar.finish_and_clear();
    report.sort();
    Ok(report)
}
