//! The limits of memory and of time.

use std::time::Duration;

use lookalike_test_support::Cost;

/// Time of the processor that any input may take, and that each byte and pixel may. Instrumented code is several times
/// slower than what is deployed.
const ANY: Duration = Duration::from_millis(200);
const EACH: Duration = Duration::from_nanos(1000);

/// Does the work, and checks that it took no more than `memory` bytes, and no more time than `size`, in bytes and pixels,
/// deserves.
pub(crate) fn within<T>(memory: u64, size: u64, work: impl FnOnce() -> T) -> T {
    let (result, cost) = Cost::of(work);
    assert!(
        cost.memory <= memory,
        "{cost:?}, of {memory} bytes of memory allowed"
    );
    let time = ANY + EACH * u32::try_from(size).unwrap_or(u32::MAX);
    assert!(cost.time <= time, "{cost:?} for {size} bytes and pixels");
    result
}
