//! Waiting between the rounds of a batch call that was only partly done.

use std::time::Duration;

use lookalike_core::{StoreError, StoreErrorKind};

/// Maximum number of consecutive rounds without any progress before a batch call fails. With the
/// waits between them, they take at most about three seconds.
const MAX_IDLE_ROUNDS: u32 = 7;
const FIRST_WAIT: Duration = Duration::from_millis(25);
const MAX_WAIT: Duration = Duration::from_secs(1);

/// Bounded, growing, jittered waits between the rounds of a batch call.
pub(crate) struct Backoff {
    idle_rounds: u32,
    /// Message of the error after giving up.
    complaint: &'static str,
}

impl Backoff {
    /// Makes a back-off whose error has this message.
    pub(crate) fn new(complaint: &'static str) -> Self {
        Self {
            idle_rounds: 0,
            complaint,
        }
    }

    /// Waits before the next round, or fails after too many rounds without progress.
    pub(crate) async fn wait(
        &mut self,
        progress: bool,
        operation: impl Fn() -> String,
    ) -> Result<(), StoreError> {
        if progress {
            self.idle_rounds = 0;
        }
        if self.idle_rounds == MAX_IDLE_ROUNDS {
            return Err(StoreError::new(
                StoreErrorKind::Unavailable,
                operation(),
                self.complaint,
            ));
        }
        let max_wait = FIRST_WAIT
            .saturating_mul(1 << self.idle_rounds)
            .min(MAX_WAIT);
        self.idle_rounds += 1;
        tokio::time::sleep(max_wait.mul_f64(rand::random_range(0.5..1.0))).await;
        Ok(())
    }
}
