//! Waiting between the rounds of a batch call that leaves part of it undone.

use std::time::Duration;

use lookalike_service::{StoreError, StoreErrorKind};

/// How often a batch call may come back without any progress, and the waits between: together about
/// three seconds at most.
const IDLE_ROUNDS: u32 = 7;
const FIRST_WAIT: Duration = Duration::from_millis(25);
const MAX_WAIT: Duration = Duration::from_secs(1);

/// Bounded, growing, jittered waits between the rounds of a batch call.
pub(crate) struct Backoff {
    idle_rounds: u32,
    /// What to say when it ends.
    complaint: &'static str,
}

impl Backoff {
    /// Backoff that ends with this sentence.
    pub(crate) fn new(complaint: &'static str) -> Self {
        Self {
            idle_rounds: 0,
            complaint,
        }
    }

    /// Waits before the next round, or fails when too many in a row achieved nothing.
    pub(crate) async fn wait(
        &mut self,
        progress: bool,
        operation: impl Fn() -> String,
    ) -> Result<(), StoreError> {
        if progress {
            self.idle_rounds = 0;
        }
        if self.idle_rounds == IDLE_ROUNDS {
            return Err(StoreError::new(
                StoreErrorKind::Unavailable,
                operation(),
                self.complaint,
            ));
        }
        let longest = FIRST_WAIT
            .saturating_mul(1 << self.idle_rounds)
            .min(MAX_WAIT);
        self.idle_rounds += 1;
        tokio::time::sleep(longest.mul_f64(rand::random_range(0.5..1.0))).await;
        Ok(())
    }
}
