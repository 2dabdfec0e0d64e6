//! Filling the index that is being built, by the indexer through its queue, or in this process.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::ProgressBar;
use lookalike_core::Deadline;
use lookalike_core::ports::ChangeQueue;
use lookalike_indexing::{Coverage, Indexer};

use crate::output;

/// Keys that wait in the queue at once, about: what the shop uploads meanwhile must not wait behind the
/// whole catalog.
const WINDOW: usize = 500;
/// Pictures that this process indexes and publishes together.
const BATCH: usize = 100;
const PAUSE: Duration = Duration::from_millis(500);
/// Without any progress for so long, something is said.
const STALL: Duration = Duration::from_secs(60);
/// Nobody kills a command line after fifteen minutes.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// Fills the index that is being built.
pub(crate) struct Builder<'a> {
    pub(crate) indexer: &'a Indexer,
    /// Where the indexer takes its work from; without it, this process works.
    pub(crate) queue: Option<Arc<dyn ChangeQueue>>,
    /// How long an empty queue and an index that does not grow mean that nobody is at work any more.
    pub(crate) quiet: Duration,
}

impl Builder<'_> {
    /// Has every picture indexed that the building index lacks, until nothing is missing or what is
    /// missing has stayed the same through a whole round.
    pub(crate) async fn fill(&self) -> Result<Coverage> {
        let mut coverage = self.indexer.coverage().await?;
        let bar = output::progress("reindexing", coverage.images);
        bar.set_position(coverage.done);
        // What neither index has is failed or very new: asked for once, in case it is new.
        let mut keys = lacking(&coverage);
        keys.extend(coverage.neither.iter().cloned());
        let mut before = BTreeSet::new();
        while !keys.is_empty() && keys != before {
            before = keys.clone();
            let in_order: Vec<String> = keys.into_iter().collect();
            match &self.queue {
                Some(queue) => self.hand_over(&**queue, &in_order, &bar).await?,
                None => self.work(&in_order, &bar).await?,
            }
            coverage = self.indexer.coverage().await?;
            bar.set_length(coverage.images);
            bar.set_position(coverage.done);
            keys = lacking(&coverage);
        }
        bar.finish_and_clear();
        Ok(coverage)
    }

    /// Indexes keys in this process, for every index.
    async fn work(&self, keys: &[String], bar: &ProgressBar) -> Result<()> {
        for batch in keys.chunks(BATCH) {
            let deadline = Deadline::after(PATIENCE);
            self.indexer.index_keys(batch, deadline).await?;
            self.indexer.maintain(deadline).await?;
            bar.set_position(self.indexer.building_images().await?);
        }
        Ok(())
    }

    /// Queues keys, never many at once, and waits until the indexer has seen to them.
    async fn hand_over(
        &self,
        queue: &dyn ChangeQueue,
        keys: &[String],
        bar: &ProgressBar,
    ) -> Result<()> {
        let mut progress = Progress::new(bar, self.indexer);
        for window in keys.chunks(WINDOW) {
            queue.push(window).await?;
            while queue.waiting().await? > WINDOW as u64 / 2 {
                progress.look().await?;
                tokio::time::sleep(PAUSE).await;
            }
        }
        // The queue tells about, and late, what waits in it: what counts is the index. Comparing it with
        // the bucket takes a listing, so that is not done again before the index has grown.
        let mut compared = None;
        loop {
            progress.look().await?;
            let waiting = queue.waiting().await?;
            if waiting == 0 {
                let grown = compared.replace(progress.images) != Some(progress.images);
                if (grown && self.is_filled().await?) || progress.unchanged() > self.quiet {
                    return Ok(());
                }
            }
            progress.tell_of_stall(waiting);
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn is_filled(&self) -> Result<bool> {
        Ok(lacking(&self.indexer.coverage().await?).is_empty())
    }

    /// Looks after the index until it is as good as one that grew over time, so that the first search
    /// after the switch is a fast one.
    pub(crate) async fn put_in_order(&self) -> Result<()> {
        let spinner = output::spinner("building the graph");
        while self.indexer.coverage().await?.rebuild_due {
            let report = self.indexer.maintain(Deadline::after(PATIENCE)).await?;
            if report.rebuilt_rows.is_none() {
                // Somebody else is at it.
                tokio::time::sleep(PAUSE).await;
            }
        }
        spinner.finish_and_clear();
        Ok(())
    }
}

/// Keys that the building index lacks in the version that the searched one has, or has to give up.
pub(crate) fn lacking(coverage: &Coverage) -> BTreeSet<String> {
    let keys = coverage.missing.iter().chain(&coverage.gone);
    keys.cloned().collect()
}

/// How the index grows while others work on it.
struct Progress<'a> {
    bar: &'a ProgressBar,
    indexer: &'a Indexer,
    images: u64,
    since: Instant,
    told: bool,
}

impl<'a> Progress<'a> {
    fn new(bar: &'a ProgressBar, indexer: &'a Indexer) -> Self {
        Self {
            bar,
            indexer,
            images: bar.position(),
            since: Instant::now(),
            told: false,
        }
    }

    async fn look(&mut self) -> Result<()> {
        let images = self.indexer.building_images().await?;
        if images != self.images {
            self.images = images;
            self.since = Instant::now();
            self.told = false;
        }
        self.bar.set_position(images);
        Ok(())
    }

    /// Time since the index last grew.
    fn unchanged(&self) -> Duration {
        self.since.elapsed()
    }

    fn tell_of_stall(&mut self, waiting: u64) {
        if self.told || self.unchanged() < STALL {
            return;
        }
        self.told = true;
        self.bar.suspend(|| {
            eprintln!(
                "nothing was indexed for a minute, about {waiting} changes wait: is the indexer at \
                 work? Ctrl-C is safe, the same command goes on later; --here embeds in this process"
            );
        });
    }
}
