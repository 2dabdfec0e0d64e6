//! Runs work that takes long enough to delay other requests.

use lookalike_core::error::{StoreError, StoreErrorKind};

use crate::error::SearchError;

/// Runs work on a thread for blocking work. A panic there continues here, as if the work had run in place: the server
/// turns it into one failed request.
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
