use std::time::Duration;

use cpu_time::ThreadTime;

use crate::CountingAllocator;

/// What some work took. Meaningful only where [`CountingAllocator`] is the global allocator, and while no other
/// thread allocates much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// CPU time of this thread.
    pub time: Duration,
    /// The most bytes that were held at once beside what was held before.
    pub memory: u64,
}

impl Cost {
    /// Does the work and returns its result with what it took.
    pub fn of<T>(work: impl FnOnce() -> T) -> (T, Cost) {
        let before = CountingAllocator::start();
        let begun = ThreadTime::now();
        let result = work();
        let time = begun.elapsed();
        let memory = CountingAllocator::peak().saturating_sub(before) as u64;
        (result, Cost { time, memory })
    }
}
