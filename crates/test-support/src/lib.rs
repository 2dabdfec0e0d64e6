//! Shared support for the tests of several crates: a counting allocator and the cost of work, and with the feature
//! `cloud` every port in memory, encoders, and the conformance suites for adapters.

mod allocator;
#[cfg(feature = "cloud")]
pub mod conformance;
mod cost;
#[cfg(feature = "cloud")]
mod dot;
#[cfg(feature = "cloud")]
pub mod encoders;
#[cfg(feature = "cloud")]
pub mod memory;

pub use allocator::CountingAllocator;
pub use cost::Cost;
#[cfg(feature = "cloud")]
pub use dot::dot;
