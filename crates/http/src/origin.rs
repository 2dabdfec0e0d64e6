//! Refuses requests that came past the content delivery network in front of the API.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use lookalike_core::OriginSecret;

use crate::problem::{Problem, ProblemKind};

/// The header to which the content delivery network adds the secret.
const HEADER: &str = "x-origin-verify";
/// The path that is open to all: it touches no store, and what watches it may not know the secret.
const OPEN_PATH: &str = "/health";

/// Passes a request on if it has the secret, or if there is none.
pub(crate) async fn require_origin(
    State(secret): State<Option<OriginSecret>>,
    request: Request,
    next: Next,
) -> Response {
    let given = request.headers().get(HEADER);
    let is_allowed = match &secret {
        Some(secret) => given.is_some_and(|value| secret.matches(value.as_bytes())),
        None => true,
    };
    if is_allowed || request.uri().path() == OPEN_PATH {
        return next.run(request).await;
    }
    refusal().into_response()
}

/// Returns the problem of a request without the secret.
pub(crate) fn refusal() -> Problem {
    let detail = "this address only answers the network in front of it; use the public address of the service";
    Problem::new(ProblemKind::DirectAccess, detail)
}
