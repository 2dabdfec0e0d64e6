//! Conformance suites: one for each port, run on the adapters in memory and on those over AWS.
//!
//! Each function takes the ports of a fresh place, where nothing was stored yet, and panics with a
//! sentence if the adapter violates the contract of its trait.
//!
//! ```
//! # async fn example() {
//! use lookalike_test_support::{conformance, memory::MemoryCloud};
//!
//! let cloud = MemoryCloud::new();
//! conformance::manifests(cloud.clone()).await;
//! conformance::segments(cloud.clone(), cloud).await;
//! # }
//! ```

mod bucket;
mod encoders;
mod index;
mod queue;
mod support;
mod table;
mod table_reader;
mod vector_base;

pub use bucket::{images, links};
pub use encoders::encoders;
pub use index::{generations, manifests, segments};
pub use queue::changes;
pub use table::{products, records};
pub use table_reader::table_reader;
pub use vector_base::vector_base;
