//! Clocks: deadlines of work, and times in stored objects.

use std::time::Duration;

use tokio::time::Instant;

/// The time by which an invocation must have answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

/// So far away that it never comes.
const NEVER: Duration = Duration::from_secs(100 * 365 * 86_400);

impl Deadline {
    /// Makes the deadline at an instant.
    pub fn at(instant: Instant) -> Self {
        Self(instant)
    }

    /// Makes the deadline after a duration from now.
    pub fn after(duration: Duration) -> Self {
        Self(Instant::now() + duration.min(NEVER))
    }

    /// Returns the deadline moved earlier by a duration.
    pub fn before(self, duration: Duration) -> Self {
        // A time before the machine started cannot be represented.
        Self(self.0.checked_sub(duration).unwrap_or(self.0))
    }

    /// Returns the deadline moved later by a duration.
    pub fn later(self, duration: Duration) -> Self {
        Self(self.0 + duration.min(NEVER))
    }

    /// Returns the time left, zero if the deadline has passed.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

/// Formats milliseconds since 1970 as RFC 3339 in UTC, to the second.
pub fn rfc3339(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days as i64);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Returns the Gregorian date of a day counted from 1970-01-01. Years are taken to begin in March,
/// so that the leap day comes last, and are counted in eras of 400 years of 146,097 days.
fn civil(days: i64) -> (i64, i64, i64) {
    let from_march_of_year_zero = days + 719_468;
    let era = from_march_of_year_zero.div_euclid(146_097);
    let day_of_era = from_march_of_year_zero.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_farthest_deadline_does_not_overflow() {
        assert!(Deadline::after(Duration::MAX).remaining() > Duration::from_secs(1 << 30));
        assert_eq!(Deadline::at(Instant::now()).remaining(), Duration::ZERO);
    }

    #[test]
    fn times_are_written_as_rfc_3339() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (4_102_444_800, "2100-01-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(seconds * 1000), text);
        }
    }
}
