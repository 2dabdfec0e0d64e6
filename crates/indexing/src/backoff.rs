//! Waiting after a lost race for the manifest.

use std::time::Duration;

use lookalike_core::host::Host;
use lookalike_core::time::Deadline;

use crate::error::IndexingError;

/// Races lost in a row before giving up. With eight writers at work, a writer loses seven times in
/// eight; sixty in a row would happen once in three thousand publications even without backoff.
const MAX_TRIES: u32 = 60;
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const MAX_PAUSE: Duration = Duration::from_millis(600);

/// Counts lost races, and waits longer after each.
pub(crate) struct Backoff<'a> {
    tries: u32,
    deadline: Deadline,
    host: &'a dyn Host,
}

impl<'a> Backoff<'a> {
    pub(crate) fn until(deadline: Deadline, host: &'a dyn Host) -> Self {
        Self {
            tries: 0,
            deadline,
            host,
        }
    }

    /// Waits before the next try.
    ///
    /// # Errors
    /// [`IndexingError::Contended`] if there were too many tries, or the deadline comes first.
    pub(crate) async fn wait(&mut self) -> Result<(), IndexingError> {
        let pause = pause(self.tries, self.host.random_share());
        self.tries += 1;
        let tries = self.tries;
        if tries == MAX_TRIES || self.deadline.remaining() <= pause {
            return Err(IndexingError::Contended { tries });
        }
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// Grows with every lost race, and no two writers wait equally long, because `chance` is a random number below 1.
fn pause(tries: u32, chance: f64) -> Duration {
    let ceiling = FIRST_PAUSE
        .saturating_mul(1 << tries.min(10))
        .min(MAX_PAUSE);
    ceiling.mul_f64(0.2 + 0.8 * chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        for tries in 0..MAX_TRIES {
            for chance in [0.0, 0.5, 0.999] {
                let pause = pause(tries, chance);
                assert!(pause >= FIRST_PAUSE.mul_f64(0.2) && pause <= MAX_PAUSE);
            }
        }
        assert!(pause(0, 0.9) > pause(0, 0.1));
    }
}
