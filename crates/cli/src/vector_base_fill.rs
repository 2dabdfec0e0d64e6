//! Filling a vector base and switching to it, step by step. Every step can be repeated.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use lookalike_indexing::{
    BaseComparison, BaseMigration, IndexingError, VectorBaseError, VectorBaseState,
};
use tokio::time::{Instant, sleep};

use crate::deadline;
use crate::output;

/// Maximum time until searches of a new vector base are answered. DynamoDB takes half a minute, ten at the most.
const MAX_CREATION: Duration = Duration::from_secs(20 * 60);
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Maximum number of times that a step is tried again.
const MAX_RETRIES: u32 = 5;
/// Pause before a step is tried again: an engine that was too busy, or showed new rows late, has recovered by then.
const RETRY_PAUSE: Duration = Duration::from_secs(20);
const GOES_ON: &str = "run the same command again: it goes on where it stopped";

/// Fills the vector base of an index.
pub(crate) struct VectorBaseFill<'a> {
    migration: &'a BaseMigration<'a>,
}

impl<'a> VectorBaseFill<'a> {
    pub(crate) fn new(migration: &'a BaseMigration<'a>) -> Self {
        Self { migration }
    }

    /// Makes the vector base unless that was done before, and copies the rows that it lacks.
    pub(crate) async fn run(&self, slots: Option<u32>) -> Result<VectorBaseState> {
        let begin = async || self.migration.begin(slots, deadline::of_step()).await;
        let state = retried(begin).await?;
        self.wait_until_searchable().await?;
        let bar = output::progress("copying", state.rows);
        let fill = async || {
            let progress = |done, rows| {
                bar.set_length(rows);
                bar.set_position(done);
            };
            self.migration.fill(progress).await
        };
        retried(fill).await.context(GOES_ON)?;
        bar.finish_and_clear();
        Ok(state)
    }

    /// Compares the vector base with the base segment.
    pub(crate) async fn compare(&self) -> Result<BaseComparison> {
        let spinner = output::spinner("comparing");
        let compared = retried(async || self.migration.compare().await).await;
        spinner.finish_and_clear();
        compared.context(GOES_ON)
    }

    /// Makes the index search the vector base if that is as good as the base segment.
    pub(crate) async fn switch(&self) -> Result<BaseComparison> {
        let spinner = output::spinner("comparing, then switching");
        let switch = async || self.migration.switch(deadline::of_step()).await;
        let switched = retried(switch).await;
        spinner.finish_and_clear();
        Ok(switched?)
    }

    async fn wait_until_searchable(&self) -> Result<()> {
        let spinner = output::spinner("waiting until the vector base can be searched");
        let begun = Instant::now();
        while !retried(async || self.migration.is_searchable().await).await? {
            if begun.elapsed() > MAX_CREATION {
                let minutes = MAX_CREATION.as_secs() / 60;
                bail!("the vector base cannot be searched after {minutes} minutes: {GOES_ON}");
            }
            sleep(POLL_INTERVAL).await;
        }
        spinner.finish_and_clear();
        Ok(())
    }
}

/// Carries out a step, and tries it again while it fails for reasons that pass by themselves.
async fn retried<T>(
    mut step: impl AsyncFnMut() -> Result<T, VectorBaseError>,
) -> Result<T, VectorBaseError> {
    for _ in 0..MAX_RETRIES {
        match step().await {
            Err(error) if passes(&error) => {
                eprintln!("{error}; trying again in {} s", RETRY_PAUSE.as_secs());
                sleep(RETRY_PAUSE).await;
            }
            done => return done,
        }
    }
    step().await
}

/// True if the same step may succeed in a minute.
fn passes(error: &VectorBaseError) -> bool {
    match error {
        VectorBaseError::Recall { .. } | VectorBaseError::Busy => true,
        VectorBaseError::Indexing(IndexingError::Store(error)) => error.kind.is_retryable(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use lookalike_core::{StoreError, StoreErrorKind};

    use super::*;

    fn store_error(kind: StoreErrorKind) -> VectorBaseError {
        IndexingError::from(StoreError::new(kind, "write rows", "slow down")).into()
    }

    /// Runs a step that fails this often; returns the number of its calls.
    async fn calls(failures: u32, kind: StoreErrorKind) -> (u32, bool) {
        let mut calls = 0;
        let step = async || {
            calls += 1;
            match calls <= failures {
                true => Err(store_error(kind)),
                false => Ok(()),
            }
        };
        let done = retried(step).await.is_ok();
        (calls, done)
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_engine_is_waited_for_within_bounds() {
        let begun = Instant::now();
        assert_eq!(calls(2, StoreErrorKind::Unavailable).await, (3, true));
        assert_eq!(begun.elapsed(), 2 * RETRY_PAUSE);
        let forever = calls(u32::MAX, StoreErrorKind::Unavailable).await;
        assert_eq!(forever, (MAX_RETRIES + 1, false));
        assert_eq!(calls(1, StoreErrorKind::Denied).await, (1, false));
    }
}
