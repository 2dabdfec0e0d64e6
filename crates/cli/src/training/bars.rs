//! Progress bars of training.

use std::sync::Mutex;

use indicatif::ProgressBar;
use lookalike_training::progress::{Progress, Stage};

use crate::output;

/// Progress on standard error.
#[derive(Default)]
pub(crate) struct Bars(Mutex<Option<ProgressBar>>);

impl Bars {
    fn with(&self, act: impl FnOnce(&mut Option<ProgressBar>)) {
        if let Ok(mut bar) = self.0.lock() {
            act(&mut bar);
        }
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        self.with(|bar| {
            if let Some(bar) = bar.take() {
                bar.finish_and_clear();
            }
        });
    }
}

impl Progress for Bars {
    fn begin(&self, stage: Stage, steps: u64) {
        self.finish();
        let message = match stage {
            Stage::Features => "features",
            Stage::Training => "training",
        };
        self.with(|bar| *bar = Some(output::progress(message, steps)));
    }

    fn advance(&self, steps: u64) {
        self.with(|bar| {
            if let Some(bar) = bar {
                bar.inc(steps);
            }
        });
    }

    fn epoch(&self, number: usize, loss: f32, map: f64) {
        tracing::info!(target: "lookalike", "epoch {number}: loss {loss:.4}, mAP {map:.4}");
    }
}
