//! Work that takes long enough to hold up others.

use super::SearchError;
use crate::error::{StoreError, StoreErrorKind};

/// Comparisons of vectors that take less than what others notice, a fraction of a millisecond: handing them
/// to another thread and back would take a good part of that.
const FEW_COMPARISONS: usize = 20_000;

/// Does work that takes about so many comparisons of vectors: in place when they are few.
pub(crate) async fn compare<T: Send + 'static>(
    comparisons: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SearchError> {
    match comparisons {
        0..=FEW_COMPARISONS => Ok(work()),
        _ => off_runtime(work).await,
    }
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
