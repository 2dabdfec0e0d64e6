//! What the tests of several crates share: a counting allocator and the cost of work, and with the feature `cloud`
//! every port in memory and the conformance suites that adapters are held to.

mod allocator;
#[cfg(feature = "cloud")]
pub mod conformance;
mod cost;
#[cfg(feature = "cloud")]
pub mod memory;

pub use allocator::CountingAllocator;
pub use cost::Cost;
