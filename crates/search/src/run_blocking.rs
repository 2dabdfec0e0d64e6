//! SearchJob that takes long enough to hold up others.

use lookalike_core::error::{StoreError, StoreErrorKind};

use crate::error::SearchError;

/// Does work on a thread for blocking work. A panic there goes on here, as if the work had been done
/// in place: the server turns it into one failed request.
pub(crate) async fn run_blocking<T: Send + 'static>(
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
