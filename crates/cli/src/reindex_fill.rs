//! Filling the index that is being built, by the indexer through its queue or in this process.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::ProgressBar;
use lookalike_core::ports::ChangeQueue;
use lookalike_indexing::{Coverage, Indexer};

use crate::deadline;
use crate::output;

/// Approximate maximum number of keys in the queue: new uploads must not wait behind the whole
/// catalog.
const MAX_QUEUED_KEYS: usize = 500;
/// Number of images that this process indexes and publishes together.
const BATCH_IMAGES: usize = 100;
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Time without progress after which a warning is printed.
const STALL_WARNING_TIME: Duration = Duration::from_secs(60);

/// Fills the index that is being built.
pub(crate) struct ReindexFill<'a> {
    pub(crate) indexer: &'a Indexer,
    /// The queue of the indexer; without it, this process indexes.
    pub(crate) queue: Option<Arc<dyn ChangeQueue>>,
    /// Time without growth of the index after which, if its queue is empty, the indexer has
    /// finished.
    pub(crate) quiet: Duration,
}

impl ReindexFill<'_> {
    /// Indexes every image that the index lacks, until nothing is missing or a whole round changed nothing.
    pub(crate) async fn run(&self) -> Result<Coverage> {
        let mut coverage = self.indexer.coverage().await?;
        let bar = output::progress("reindexing", coverage.images);
        bar.set_position(coverage.done);
        // An image in neither index has failed or is new: it is tried once, in case it is new.
        let mut keys = incomplete_keys(&coverage);
        keys.extend(coverage.neither.iter().cloned());
        let mut before = BTreeSet::new();
        while !keys.is_empty() && keys != before {
            before = keys.clone();
            let in_order: Vec<String> = keys.into_iter().collect();
            match &self.queue {
                Some(queue) => self.fill_by_indexer(&**queue, &in_order, &bar).await?,
                None => self.fill_here(&in_order, &bar).await?,
            }
            coverage = self.indexer.coverage().await?;
            bar.set_length(coverage.images);
            bar.set_position(coverage.done);
            keys = incomplete_keys(&coverage);
        }
        bar.finish_and_clear();
        Ok(coverage)
    }

    /// Indexes keys in this process, for every index.
    async fn fill_here(&self, keys: &[String], bar: &ProgressBar) -> Result<()> {
        for batch in keys.chunks(BATCH_IMAGES) {
            let deadline = deadline::of_step();
            self.indexer.index_keys(batch, deadline).await?;
            self.indexer.maintain(deadline).await?;
            bar.set_position(self.indexer.building_images().await?);
        }
        Ok(())
    }

    /// Queues keys, a limited number at once, and waits until the indexer has processed them.
    async fn fill_by_indexer(
        &self,
        queue: &dyn ChangeQueue,
        keys: &[String],
        bar: &ProgressBar,
    ) -> Result<()> {
        let mut progress = Progress::new(bar, self.indexer);
        for window in keys.chunks(MAX_QUEUED_KEYS) {
            queue.push(window).await?;
            while queue.waiting().await? > MAX_QUEUED_KEYS as u64 / 2 {
                progress.refresh().await?;
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        }
        // Counts of the queue are late and approximate, so the index decides. Comparing it with the
        // bucket takes a listing, so that waits until the index has grown.
        let mut compared = None;
        loop {
            progress.refresh().await?;
            let waiting = queue.waiting().await?;
            if waiting == 0 {
                let grown = compared.replace(progress.images) != Some(progress.images);
                if (grown && self.is_filled().await?) || progress.unchanged() > self.quiet {
                    return Ok(());
                }
            }
            progress.warn_of_stall(waiting);
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    async fn is_filled(&self) -> Result<bool> {
        Ok(incomplete_keys(&self.indexer.coverage().await?).is_empty())
    }

    /// Maintains the index until its graph is built, so that the first search after the switch is fast.
    pub(crate) async fn build_graph(&self) -> Result<()> {
        let spinner = output::spinner("building the graph");
        while self.indexer.coverage().await?.rebuild_due {
            let report = self.indexer.maintain(deadline::of_step()).await?;
            if report.rebuilt_rows.is_none() {
                // Another process is building it.
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        }
        spinner.finish_and_clear();
        Ok(())
    }
}

/// Returns the keys that the new index lacks in the version of the serving one, or has to remove.
pub(crate) fn incomplete_keys(coverage: &Coverage) -> BTreeSet<String> {
    let keys = coverage.missing.iter().chain(&coverage.gone);
    keys.cloned().collect()
}

/// The growth of the index while others work on it.
struct Progress<'a> {
    bar: &'a ProgressBar,
    indexer: &'a Indexer,
    images: u64,
    since: Instant,
    warned: bool,
}

impl<'a> Progress<'a> {
    fn new(bar: &'a ProgressBar, indexer: &'a Indexer) -> Self {
        Self {
            bar,
            indexer,
            images: bar.position(),
            since: Instant::now(),
            warned: false,
        }
    }

    async fn refresh(&mut self) -> Result<()> {
        let images = self.indexer.building_images().await?;
        if images != self.images {
            self.images = images;
            self.since = Instant::now();
            self.warned = false;
        }
        self.bar.set_position(images);
        Ok(())
    }

    /// Returns the time since the index last grew.
    fn unchanged(&self) -> Duration {
        self.since.elapsed()
    }

    fn warn_of_stall(&mut self, waiting: u64) {
        if self.warned || self.unchanged() < STALL_WARNING_TIME {
            return;
        }
        self.warned = true;
        self.bar.suspend(|| {
            eprintln!(
                "nothing was indexed for a minute, about {waiting} changes wait: is the indexer \
                 running? Ctrl-C is safe, the same command continues later; --here embeds in this \
                 process"
            );
        });
    }
}
