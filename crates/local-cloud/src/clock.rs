//! Times in nanoseconds since 1970.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use s3s::dto::{Timestamp, TimestampFormat};

/// Nanoseconds since 1970, never the same twice: they distinguish versions of an object, even two
/// of the same size written within one tick of the system's clock.
#[derive(Debug)]
pub(crate) struct Clock(AtomicI64);

impl Clock {
    /// Makes a clock whose ticks come after `floor`, even if the system's clock was set back.
    pub(crate) fn after(floor: i64) -> Self {
        Self(AtomicI64::new(floor))
    }

    /// Returns the next time, which no earlier call returned.
    pub(crate) fn tick(&self) -> i64 {
        let now = now();
        let next = |last: i64| now.max(last.saturating_add(1));
        let last = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(next(last)));
        next(last.unwrap_or_else(|last| last))
    }
}

/// Returns the current time in nanoseconds since 1970.
pub(crate) fn now() -> i64 {
    nanos(SystemTime::now())
}

/// Returns the nanoseconds from 1970 to `time`.
pub(crate) fn nanos(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |n| -n),
    }
}

/// Returns the time `nanos` nanoseconds after 1970.
pub(crate) fn system_time(nanos: i64) -> SystemTime {
    let distance = Duration::from_nanos(nanos.unsigned_abs());
    if nanos < 0 {
        UNIX_EPOCH - distance
    } else {
        UNIX_EPOCH + distance
    }
}

/// Formats as RFC 3339 in UTC with milliseconds, as in S3 events.
pub(crate) fn rfc3339(nanos: i64) -> String {
    let mut text = Vec::new();
    // Writing to memory cannot fail, and every i64 of nanoseconds is a year of four digits.
    let written = Timestamp::from(system_time(nanos)).format(TimestampFormat::DateTime, &mut text);
    written
        .ok()
        .and_then(|()| String::from_utf8(text).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_grow_past_the_floor() {
        let far = nanos(SystemTime::now()) + 3_600_000_000_000;
        let clock = Clock::after(far);
        assert_eq!(clock.tick(), far + 1);
        assert_eq!(clock.tick(), far + 2);
        let clock = Clock::after(0);
        let ticks: Vec<i64> = (0..1000).map(|_| clock.tick()).collect();
        assert!(ticks.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn times_go_both_ways() {
        for value in [0, 1, 1_700_000_000_123_456_789, -5] {
            assert_eq!(nanos(system_time(value)), value);
        }
        assert_eq!(
            rfc3339(1_700_000_000_123_456_789),
            "2023-11-14T22:13:20.123Z"
        );
    }
}
