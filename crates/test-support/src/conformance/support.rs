//! Helpers of several suites.

use std::time::Duration;

use lookalike_core::error::{StoreError, StoreErrorKind};
use lookalike_core::model::Page;

/// Keys that are written differently in a URL, a form and a path.
pub(super) const AWKWARD_KEYS: [&str; 5] = [
    "catalog/plain.jpg",
    "catalog/with space.jpg",
    "catalog/a+b&c=d%20e%.jpg",
    "catalog/größe/鞋.png",
    "catalog/('quoted')\"~!$;@.webp",
];

/// Time within which an index follows its table.
const MOMENTS: Duration = Duration::from_secs(10);

/// Returns the value of a call that must succeed.
pub(super) fn done<T>(what: &str, result: Result<T, StoreError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error}"),
    }
}

/// Returns the items of all pages; `read` gets the `next` of the previous page.
pub(super) async fn all_pages<T>(
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

/// Checks that a call failed with this kind of error.
pub(super) fn refused<T>(what: &str, result: Result<T, StoreError>, kind: StoreErrorKind) {
    match result {
        Ok(_) => panic!("{what}: expected {kind:?}, but it succeeded"),
        Err(error) => assert_eq!(error.kind, kind, "{what}: {error}"),
    }
}

/// Reads until the result is as expected, or the time is over.
pub(super) async fn eventually<T>(
    read: impl AsyncFn() -> Result<T, StoreError>,
    expected: impl Fn(&T) -> bool,
) -> T {
    let begun = tokio::time::Instant::now();
    loop {
        let found = done("read", read().await);
        if expected(&found) || begun.elapsed() > MOMENTS {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
