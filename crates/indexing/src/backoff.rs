//! Waiting after a lost race for the manifest.

use std::time::Duration;

use lookalike_core::time::Deadline;

use crate::error::IndexingError;

/// Races lost in a row before giving up. With eight writers at work, a writer loses seven times in
/// eight; sixty in a row would happen once in three thousand publications even without backoff.
const MAX_TRIES: u32 = 60;
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const MAX_PAUSE: Duration = Duration::from_millis(600);

/// Counts lost races, and waits longer after each.
pub(crate) struct Backoff {
    tries: u32,
    deadline: Deadline,
}

impl Backoff {
    pub(crate) fn until(deadline: Deadline) -> Self {
        Self { tries: 0, deadline }
    }

    /// Waits before the next try.
    ///
    /// # Errors
    /// [`IndexingError::Contended`] if there were too many tries, or the deadline comes first.
    pub(crate) async fn wait(&mut self) -> Result<(), IndexingError> {
        let pause = pause(self.tries);
        self.tries += 1;
        let tries = self.tries;
        if tries == MAX_TRIES || self.deadline.remaining() <= pause {
            return Err(IndexingError::Contended { tries });
        }
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// Grows with every lost race, and no two writers wait equally long.
fn pause(tries: u32) -> Duration {
    let ceiling = FIRST_PAUSE
        .saturating_mul(1 << tries.min(10))
        .min(MAX_PAUSE);
    ceiling.mul_f64(rand::random_range(0.2..1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        for tries in 0..MAX_TRIES {
            let pause = pause(tries);
            assert!(pause >= FIRST_PAUSE.mul_f64(0.2) && pause <= MAX_PAUSE);
        }
        assert!((0..20).any(|_| pause(0) != pause(0)));
    }
}
