//! The steps of a process from its start to the first search that it answers, in the log.
//!
//! A shopper waits for a cold start if there was no search for a while. The lines are debug lines:
//! `LOOKALIKE_TRACE=1` shows them. They end with the first search.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tracing::debug;

static BEGUN: OnceLock<Instant> = OnceLock::new();
static ANSWERED: AtomicBool = AtomicBool::new(false);

/// Starts the clock; must be called first of all. The time in which the system loads the program is
/// not counted.
pub fn begin() {
    BEGUN.get_or_init(Instant::now);
}

/// Logs that a step is done, with the milliseconds since [`begin`].
pub fn done(step: &'static str) {
    if let Some(begun) = BEGUN.get().filter(|_| !ANSWERED.load(Ordering::Relaxed)) {
        let since_start_ms = begun.elapsed().as_secs_f64() * 1000.0;
        debug!(step, since_start_ms, "start-up");
    }
}

/// Logs the first search that was answered; later steps are not part of a start.
pub fn answered() {
    done("first search answered");
    ANSWERED.store(true, Ordering::Relaxed);
}
