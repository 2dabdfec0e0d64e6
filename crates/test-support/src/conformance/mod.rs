//! What every adapter must show: one suite per port, run on the adapters in memory and on those over
//! AWS alike.
//!
//! Each function takes the ports of a fresh place, where nothing was stored yet, and panics with a
//! sentence where the adapter does not keep the contract of its trait.
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
mod table;
mod table_reader;

pub use bucket::{images, links};
pub use encoders::encoders;
pub use index::{manifests, segments};
pub use queue::changes;
pub use table::{products, records};
pub use table_reader::table_reader;

use lookalike_core::error::{StoreError, StoreErrorKind};
use lookalike_core::model::Page;

/// Keys that a URL, a form or a path would each write differently.
const AWKWARD_KEYS: [&str; 5] = [
    "catalog/plain.jpg",
    "catalog/with space.jpg",
    "catalog/a+b&c=d%20e%.jpg",
    "catalog/größe/鞋.png",
    "catalog/('quoted')\"~!$;@.webp",
];

/// The value of a call that must succeed.
fn done<T>(what: &str, result: Result<T, StoreError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error}"),
    }
}

/// The items of all pages; `read` is given the `next` of the page before.
async fn all_pages<T>(
    read: impl AsyncFn(Option<&str>) -> Result<Page<T>, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut all = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = read(after.as_deref()).await?;
        all.extend(page.items);
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// A call that must fail in one way.
fn refused<T>(what: &str, result: Result<T, StoreError>, kind: StoreErrorKind) {
    match result {
        Ok(_) => panic!("{what}: expected {kind:?}, but it succeeded"),
        Err(error) => assert_eq!(error.kind, kind, "{what}: {error}"),
    }
}
