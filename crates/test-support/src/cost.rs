use std::time::Duration;

use cpu_time::ThreadTime;

use crate::CountingAllocator;

/// Time and memory of some work. Meaningful only if [`CountingAllocator`] is the global allocator,
/// and no other thread allocates much at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// CPU time of this thread.
    pub time: Duration,
    /// Peak of the bytes that were held in addition to those held before.
    pub memory: u64,
}

impl Cost {
    /// Does the work and returns its result with its cost.
    pub fn of<T>(work: impl FnOnce() -> T) -> (T, Cost) {
        let before = CountingAllocator::start();
        let begun = ThreadTime::now();
        let result = work();
        let time = begun.elapsed();
        let memory = CountingAllocator::peak().saturating_sub(before) as u64;
        (result, Cost { time, memory })
    }
}
