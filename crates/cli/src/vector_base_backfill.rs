//! Indexing all images that a vector base lacks, by the function for that.

use std::time::Duration;

use anyhow::{Context, Result};
use indicatif::ProgressBar;
use lookalike_aws::BACKFILLED_KEYS;
use lookalike_core::ports::ChangeQueue;
use lookalike_core::{CATALOG_PREFIX, is_catalog_key};
use tokio::time::{Instant, sleep};

use crate::output;
use crate::target::Target;

const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Time for which the queue must be empty, because its counts are late and approximate.
const QUIET: Duration = Duration::from_secs(3);
const QUIET_THERE: Duration = Duration::from_secs(70);
const MISSING_QUEUE: &str = "the stack has no queue for a backfill: deploy it with this release's template and Engine=dynamodb";

const GOES_ON: &str =
    "the functions go on nevertheless; run the same command again to see how far they are";

/// A backfill by the functions of a system.
pub(crate) struct Backfill<'a> {
    target: &'a Target,
    queue: &'a dyn ChangeQueue,
}

impl<'a> Backfill<'a> {
    pub(crate) fn new(target: &'a Target) -> Result<Self> {
        let queue = target.cloud.backfill.as_deref().context(MISSING_QUEUE)?;
        Ok(Self { target, queue })
    }

    /// Names every image of the catalog. Returns their number.
    pub(crate) async fn send(&self) -> Result<u64> {
        let spinner = output::spinner("listing");
        let mut sent = 0;
        let mut after = None;
        // Listings come by pages, which need not divide evenly into messages.
        let mut keys: Vec<String> = Vec::new();
        loop {
            let images = &self.target.cloud.pictures;
            let page = images.list(CATALOG_PREFIX, after.as_deref()).await?;
            let of_page = page.items.into_iter().map(|image| image.key);
            keys.extend(of_page.filter(|key| is_catalog_key(key)));
            after = page.next;
            let whole = match after {
                Some(_) => keys.len() - keys.len() % BACKFILLED_KEYS,
                None => keys.len(),
            };
            let named: Vec<String> = keys.drain(..whole).collect();
            self.queue.push(&named).await?;
            sent += named.len() as u64;
            spinner.set_message(format!("listing: {sent} images"));
            if after.is_none() {
                break;
            }
        }
        spinner.finish_and_clear();
        Ok(sent)
    }

    /// Waits until the functions have looked at all of them.
    pub(crate) async fn wait(&self, sent: u64) -> Result<()> {
        let bar = output::progress("backfilling", sent);
        let quiet = match self.target.is_stack {
            true => QUIET_THERE,
            false => QUIET,
        };
        let mut empty_since = None;
        loop {
            let waiting = match self.queue.waiting().await {
                Ok(messages) => messages * BACKFILLED_KEYS as u64,
                Err(error) if error.kind.is_retryable() => {
                    empty_since = None;
                    sleep(POLL_INTERVAL).await;
                    continue;
                }
                Err(error) => return Err(error).context(GOES_ON),
            };
            show(&bar, sent.saturating_sub(waiting));
            let since = match waiting {
                0 => *empty_since.get_or_insert_with(Instant::now),
                _ => {
                    empty_since = None;
                    sleep(POLL_INTERVAL).await;
                    continue;
                }
            };
            if since.elapsed() >= quiet {
                bar.finish_and_clear();
                return Ok(());
            }
            sleep(POLL_INTERVAL).await;
        }
    }
}

/// Counts of a queue are approximate, and a bar that goes back would confuse.
fn show(bar: &ProgressBar, done: u64) {
    bar.set_position(done.max(bar.position()));
}
