//! What a process gets from the machine that it runs on: the time of day and random numbers.
//!
//! Use cases take both from this port, so that a test can decide them by one seed. Durations and waiting are tokio's,
//! whose clock a test can pause.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lookalike_index::SegmentId;

/// The time of day and random numbers.
pub trait Host: Send + Sync {
    /// Returns the milliseconds since 1970.
    fn now(&self) -> u64;
    /// Returns a random number of which every bit is random.
    fn random(&self) -> u128;
}

impl dyn Host + '_ {
    /// Returns a new segment id, which no other process will choose.
    pub fn new_segment_id(&self) -> SegmentId {
        SegmentId::new(self.now(), self.random())
    }

    /// Returns the time since a segment id was made, by the clock of the process that made it.
    pub fn age_of(&self, id: SegmentId) -> Duration {
        let named = id.to_bytes()[..6]
            .iter()
            .fold(0, |milliseconds, byte| milliseconds << 8 | u64::from(*byte));
        Duration::from_millis(self.now().saturating_sub(named))
    }

    /// Returns a random number from 0 up to but not including 1.
    pub fn random_share(&self) -> f64 {
        // As many bits as the number holds exactly.
        (self.random() >> 75) as f64 / (1_u64 << 53) as f64
    }
}

/// The clock and the random numbers of this machine.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemHost;

impl Host for SystemHost {
    fn now(&self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis() as u64)
    }

    fn random(&self) -> u128 {
        rand::random()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_id_tells_its_age() {
        let host: &dyn Host = &SystemHost;
        assert!(host.age_of(host.new_segment_id()) < Duration::from_secs(5));
        let old = SegmentId::new(host.now() - 60_000, u128::MAX);
        let age = host.age_of(old).as_secs();
        assert!((60..65).contains(&age), "{age}");
        let ahead = SegmentId::new(host.now() + 60_000, 0);
        assert_eq!(host.age_of(ahead), Duration::ZERO);
    }

    #[test]
    fn shares_are_spread_from_0_to_1() {
        let host: &dyn Host = &SystemHost;
        let shares: Vec<f64> = (0..1000).map(|_| host.random_share()).collect();
        assert!(shares.iter().all(|share| (0.0..1.0).contains(share)));
        assert!(shares.iter().any(|share| *share < 0.1) && shares.iter().any(|share| *share > 0.9));
    }
}
