//! Work that takes long enough to hold up others.

use lookalike_index::Snapshot;

use super::SearchError;
use crate::error::{StoreError, StoreErrorKind};

/// Multiplications of bytes that take less than a millisecond at worst, when a walk comes out short and every
/// vector is looked at, and a tenth of that when it does not.
const FEW_MULTIPLICATIONS: u64 = 1 << 25;
/// Results that are made in little time.
const FEW_RESULTS: u64 = 256;

/// Searches a snapshot with so many queries for `k` results each: in place when that is quick whatever comes.
/// Handing a quick search to another thread and back would take as long as the search.
pub(crate) async fn searching<T: Send + 'static>(
    snapshot: &Snapshot,
    queries: usize,
    k: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SearchError> {
    match is_quick(snapshot.vectors(), snapshot.dimensions(), queries, k) {
        true => Ok(work()),
        false => off_runtime(work).await,
    }
}

fn is_quick(vectors: u64, dimensions: usize, queries: usize, k: usize) -> bool {
    let queries = queries as u64;
    let products = vectors.saturating_mul(dimensions as u64);
    products.saturating_mul(queries) <= FEW_MULTIPLICATIONS
        && queries.saturating_mul(k as u64) <= FEW_RESULTS
}

/// Does work on a thread for blocking work. A panic there goes on here, as if the work had been done
/// in place: whoever serves requests turns it into one failed request.
pub(crate) async fn off_runtime<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SearchError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done),
        Err(died) => match died.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(cancelled) => {
                let error = StoreError::new(
                    StoreErrorKind::Unavailable,
                    "search",
                    "the process is shutting down",
                );
                Err(error.caused_by(cancelled).into())
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::is_quick;

    #[test]
    fn only_what_is_quick_at_worst_is_done_in_place() {
        assert!(is_quick(100_000, 256, 1, 10));
        assert!(is_quick(0, 256, 16, 10));
        assert!(!is_quick(200_000, 256, 1, 10), "many vectors");
        assert!(!is_quick(100_000, 2048, 1, 10), "long vectors");
        assert!(!is_quick(100_000, 256, 2, 10), "many queries");
        assert!(!is_quick(1000, 256, 1, 1000), "many results");
        assert!(!is_quick(u64::MAX, 256, 16, 10));
    }
}
