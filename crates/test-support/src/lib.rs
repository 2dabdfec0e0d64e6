//! What the tests of several crates share.

mod allocator;
mod cost;

pub use allocator::CountingAllocator;
pub use cost::Cost;
