//! Lambda function that answers the HTTP API, behind API Gateway (HTTP or REST) or a function URL.

#![forbid(unsafe_code)]

mod gateway;

use axum::Router;
use lambda_http::Adapter;
use lambda_http::lambda_runtime;
use lambda_http::tower::ServiceExt;

pub use gateway::tidy;

/// Answers requests with `router` until the process ends.
///
/// # Errors
/// Returns an error if the Lambda runtime cannot be reached.
pub async fn serve(router: Router) -> Result<(), lambda_http::Error> {
    lambda_runtime::run(Adapter::from(router).map_request(tidy)).await
}
