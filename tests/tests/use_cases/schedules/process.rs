//! A process whose calls pass one by one: it can be stopped at any of them, and any can go wrong.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use lookalike_test_support::memory::{Fate, Gate};
use tokio::sync::Notify;
use tokio::time::Instant;
use twox_hash::XxHash3_64;

use crate::world::mix;

/// The calls of one process.
pub(crate) struct Calls {
    made: AtomicUsize,
    /// The process is stopped before its call of this number, counted from 0.
    stop_at: AtomicUsize,
    /// What becomes of the call at which it stops.
    fate: Fate,
    is_stopped: AtomicBool,
    stopped: Notify,
    resumed: Notify,
    seed: u64,
    begun: Instant,
    /// The calls that began at this many milliseconds, by name.
    at_once: Mutex<(u64, BTreeMap<String, u64>)>,
    /// The names of the calls, in order.
    trace: Mutex<Vec<&'static str>>,
}

/// The number of no call.
pub(crate) const NEVER: usize = usize::MAX;

impl Calls {
    /// Makes a gate that stops the process before a call, and then decides that call; all others are carried out. How
    /// long each takes follows from the seed.
    pub(crate) fn new(stop_at: usize, fate: Fate, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            made: AtomicUsize::new(0),
            stop_at: AtomicUsize::new(stop_at),
            fate,
            is_stopped: AtomicBool::new(false),
            stopped: Notify::new(),
            resumed: Notify::new(),
            seed,
            begun: Instant::now(),
            at_once: Mutex::default(),
            trace: Mutex::default(),
        })
    }

    /// Returns the time that a call takes. Time passes only while no process works, and what is begun at one moment is
    /// begun in an order that the machine's threads decide: so it follows from the seed, the moment and the call.
    fn duration(&self, call: &'static str, about: &str) -> Duration {
        let now = self.begun.elapsed().as_millis() as u64;
        let mut at_once = self.at_once.lock().unwrap();
        if at_once.0 != now {
            *at_once = (now, BTreeMap::new());
        }
        let call = format!("{call} {about}");
        let hash = XxHash3_64::oneshot_with_seed(self.seed ^ now, call.as_bytes());
        let same = at_once.1.entry(call).or_default();
        *same += 1;
        Duration::from_millis(1 + mix(&mut (hash ^ *same)) % 1000)
    }

    /// True if its call at the stop goes wrong.
    pub(crate) fn has_fault(&self) -> bool {
        self.fate != Fate::Done
    }

    /// Waits until the process is stopped.
    pub(crate) async fn stopped(&self) {
        while !self.is_stopped.load(Ordering::SeqCst) {
            self.stopped.notified().await;
        }
    }

    /// Lets the process go on to its end.
    pub(crate) fn resume(&self) {
        self.stop_at.store(NEVER, Ordering::SeqCst);
        self.resumed.notify_waiters();
    }

    /// Returns the names of the calls so far.
    pub(crate) fn trace(&self) -> Vec<&'static str> {
        self.trace.lock().unwrap().clone()
    }
}

#[async_trait]
impl Gate for Calls {
    async fn pass(&self, call: &'static str, about: &str) -> Fate {
        tokio::time::sleep(self.duration(call, about)).await;
        let number = self.made.fetch_add(1, Ordering::SeqCst);
        self.trace.lock().unwrap().push(call);
        let stop_at = self.stop_at.load(Ordering::SeqCst);
        let is_here = number == stop_at;
        // What it does at the same time stops too.
        while number >= self.stop_at.load(Ordering::SeqCst) {
            let resumed = self.resumed.notified();
            self.is_stopped.store(true, Ordering::SeqCst);
            self.stopped.notify_waiters();
            self.stopped.notify_one();
            if number < self.stop_at.load(Ordering::SeqCst) {
                break;
            }
            resumed.await;
        }
        if is_here { self.fate } else { Fate::Done }
    }
}
