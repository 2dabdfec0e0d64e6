//! The time that a rebuild may spend on graphs.

use std::time::Duration;

use lookalike_core::time::Deadline;
use tokio::time::Instant;

/// The time within which a base must be built, and when the last try at its graph began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeBudget {
    until: Deadline,
    begun: Instant,
}

impl TimeBudget {
    pub(crate) fn until(until: Deadline) -> Self {
        Self {
            until,
            begun: Instant::now(),
        }
    }

    /// The first try begins.
    pub(crate) fn begin(&mut self) {
        self.begun = Instant::now();
    }

    /// True if there is time for another try, with up to six times the work of the last one; when so, it begins.
    pub(crate) fn is_enough_for_more(&mut self) -> bool {
        let now = Instant::now();
        let took = now.saturating_duration_since(self.begun);
        self.begun = now;
        fits(took, self.until.remaining())
    }
}

/// True if a try with six times the work of one that took so long, as lists that are filled take, surely fits
/// into the time that is left.
fn fits(last: Duration, left: Duration) -> bool {
    last.saturating_mul(7) <= left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_try_needs_time_for_six_times_the_work_and_more() {
        let seconds = Duration::from_secs;
        assert!(fits(seconds(10), seconds(70)) && fits(seconds(0), seconds(0)));
        assert!(!fits(seconds(10), seconds(69)) && !fits(seconds(1), seconds(0)));
        assert!(!fits(Duration::MAX, seconds(1 << 40)));
    }

    #[test]
    fn what_counts_is_the_last_try() {
        let mut time_budget = TimeBudget::until(Deadline::after(Duration::from_secs(200)));
        time_budget.begun = Instant::now() - Duration::from_secs(100);
        assert!(!time_budget.is_enough_for_more());
        // That one was over at once.
        assert!(time_budget.is_enough_for_more());
    }
}
