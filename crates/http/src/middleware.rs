//! Middleware around every request: its id, its line in the log, and the rendering of problems.

use std::any::Any;
use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use tracing::Instrument;

use crate::problem::{Problem, ProblemKind};
use crate::request_id::{self, RequestId};

pub(crate) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
pub(crate) const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
const NOSNIFF: HeaderName = HeaderName::from_static("x-content-type-options");

/// Runs the inner service and completes its reply.
pub(crate) async fn wrap_request(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::of(&request);
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    request.extensions_mut().insert(id.clone());

    let span = tracing::info_span!("request", request_id = %id, %method, path);
    let response = next.run(request).instrument(span.clone()).await;
    let _entered = span.enter();
    let mut response = render_problem(response, &method, &path, &id);
    finish_headers(&mut response, &id);
    tracing::info!(
        status = response.status().as_u16(),
        milliseconds = started.elapsed().as_millis(),
        "answered"
    );
    response
}

/// Turns a panic into a problem; the message goes to the log only.
pub(crate) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a message");
    Problem::internal()
        .caused_by(std::io::Error::other(format!(
            "a handler panicked: {message}"
        )))
        .into_response()
}

/// Gives every error the body of a problem, including those that axum raises itself, and forbids caching it. Other
/// headers, such as `Allow` and those of CORS, stay.
fn render_problem(response: Response, method: &Method, path: &str, id: &RequestId) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    let problem = parts
        .extensions
        .remove::<Problem>()
        .unwrap_or_else(|| unnamed_problem(status, method));
    log(&problem);

    parts.status = problem.kind.status();
    parts.headers.insert(CONTENT_TYPE, PROBLEM_JSON);
    // A reply that became an error late still has the headers of the answer it was.
    parts.headers.insert(CACHE_CONTROL, NO_STORE);
    parts.headers.remove(ETAG);
    if let Some(seconds) = problem.kind.retry_after() {
        parts.headers.insert(RETRY_AFTER, seconds.into());
    }
    let bytes = serde_json::to_vec(&problem.body(path, &id.to_string())).unwrap_or_default();
    parts.headers.insert(CONTENT_LENGTH, bytes.len().into());
    let body = match *method == Method::HEAD {
        true => Body::empty(),
        false => Body::from(bytes),
    };
    Response::from_parts(parts, body)
}

/// Returns the problem behind an error status that axum or a layer set, not a handler.
pub(crate) fn unnamed_problem(status: StatusCode, method: &Method) -> Problem {
    match status {
        StatusCode::METHOD_NOT_ALLOWED => Problem::new(
            ProblemKind::MethodNotAllowed,
            format!("{method} is not allowed at this path; header Allow lists what is"),
        ),
        StatusCode::NOT_FOUND => Problem::new(
            ProblemKind::UnknownRoute,
            "nothing is at this path; openapi.json lists the paths there are",
        ),
        StatusCode::NOT_ACCEPTABLE => Problem::new(
            ProblemKind::NotAcceptable,
            "Accept-Encoding rules out every encoding, none at all included; allow identity, gzip or br",
        ),
        _ => Problem::internal().caused_by(std::io::Error::other(format!(
            "a reply with status {status} came without a problem"
        ))),
    }
}

fn log(problem: &Problem) {
    let kind = problem.kind.type_uri();
    let cause = problem.causes().unwrap_or_default();
    if problem.kind.status() == StatusCode::INTERNAL_SERVER_ERROR {
        tracing::error!(kind, detail = problem.detail, cause, "request failed");
    } else if problem.kind.status().is_server_error() || problem.cause.is_some() {
        tracing::warn!(kind, detail = problem.detail, cause, "request failed");
    } else {
        tracing::info!(kind, detail = problem.detail, "request refused");
    }
}

fn finish_headers(response: &mut Response, id: &RequestId) {
    let headers = response.headers_mut();
    if let Some(value) = id.header_value() {
        headers.insert(request_id::HEADER, value);
    }
    headers.insert(NOSNIFF, HeaderValue::from_static("nosniff"));
    // Answers hold signed links and the current state: proxies must not keep them.
    headers.entry(CACHE_CONTROL).or_insert(NO_STORE);
}
