use std::sync::atomic::{AtomicBool, Ordering};

/// Receives the progress of fine-tuning. Methods are called from several threads.
pub trait Progress: Sync {
    /// Begins a stage of `steps` steps, an image or an epoch each.
    fn begin(&self, stage: Stage, steps: u64);
    /// Reports completed steps of the stage.
    fn advance(&self, steps: u64);
    /// Reports an epoch: its number from 1, the loss, and mAP on the validation images.
    fn epoch(&self, number: usize, loss: f32, map: f64);
}

/// A stage of fine-tuning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Computing pooled features, or finding them in the cache.
    Features,
    /// Training.
    Training,
}

/// Ignores all reports.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Stage, _: u64) {}
    fn advance(&self, _: u64) {}
    fn epoch(&self, _: usize, _: f32, _: f64) {}
}

/// A request to stop, from any thread. Training then ends after the current step and keeps the best
/// so far; before training there is nothing to keep and the run ends.
#[derive(Debug, Default)]
pub struct Stop(AtomicBool);

impl Stop {
    /// Requests a stop; returns true if one was requested before.
    pub fn request(&self) -> bool {
        self.0.swap(true, Ordering::Relaxed)
    }

    /// True after [`Stop::request`].
    pub fn requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
