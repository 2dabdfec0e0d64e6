//! Time that a test decides: one clock for the stores, and a process's own, which may be wrong.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lookalike_core::Host;
use tokio::time::Instant;

use crate::world::mix;

/// The time of day in a runtime whose clock is paused: it passes as that clock does, and jumps when told to.
pub(crate) struct VirtualClock {
    begun: Instant,
    /// Milliseconds since 1970 at the beginning, and what was jumped over since.
    offset: AtomicU64,
    random: Mutex<u64>,
}

impl VirtualClock {
    /// Makes a clock that shows this time now, in milliseconds since 1970. It is made inside the runtime.
    pub(crate) fn at(milliseconds: u64) -> Arc<Self> {
        Arc::new(Self {
            begun: Instant::now(),
            offset: AtomicU64::new(milliseconds),
            random: Mutex::new(milliseconds),
        })
    }

    /// Lets time pass at once, while every process is asleep.
    pub(crate) fn jump(&self, by: Duration) {
        self.offset
            .fetch_add(by.as_millis() as u64, Ordering::SeqCst);
    }
}

impl Host for VirtualClock {
    fn now(&self) -> u64 {
        self.offset.load(Ordering::SeqCst) + self.begun.elapsed().as_millis() as u64
    }

    fn random(&self) -> u128 {
        let mut random = self.random.lock().unwrap();
        u128::from(mix(&mut random)) << 64 | u128::from(mix(&mut random))
    }
}

/// The clock of a process and its random numbers, which follow from a seed.
pub(crate) struct ProcessHost {
    clock: Arc<VirtualClock>,
    /// Milliseconds by which its clock is ahead.
    ahead: i64,
    random: Mutex<u64>,
}

impl ProcessHost {
    pub(crate) fn new(clock: Arc<VirtualClock>, ahead: i64, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            clock,
            ahead,
            random: Mutex::new(seed),
        })
    }
}

impl Host for ProcessHost {
    fn now(&self) -> u64 {
        self.clock.now().saturating_add_signed(self.ahead)
    }

    fn random(&self) -> u128 {
        let mut random = self.random.lock().unwrap();
        u128::from(mix(&mut random)) << 64 | u128::from(mix(&mut random))
    }
}
