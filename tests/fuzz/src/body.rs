//! HTTP requests.

mod shop;

use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::runtime::Runtime;
use tower::ServiceExt;

use crate::bounds::within;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().max_blocking_threads(2).build();
    runtime.expect("threads can be started")
});

static ROUTER: LazyLock<Router> = LazyLock::new(|| RUNTIME.block_on(shop::open()));

/// Sends a request through the router: the first line is method, path and query string, the second the content type, and
/// the rest the body. The service never fails, whatever is asked.
pub fn body(bytes: &[u8]) {
    LazyLock::force(&ROUTER);
    let Some(request) = request(bytes) else {
        return;
    };
    let size = bytes.len() as u64;
    // JSON in base64 in a form is copied a few times, and a compressor takes some megabytes.
    let (status, body) = within(200 * size + (24 << 20), 10 * size, || {
        RUNTIME.block_on(answer(request))
    });
    let text = String::from_utf8_lossy(&body);
    assert!(status < 500, "{status}: {text}");
    if status >= 400 && !body.is_empty() {
        let problem: Value = serde_json::from_slice(&body).expect("problems are JSON");
        assert_eq!(problem["status"], status);
        assert!(text.len() < 4000, "a problem repeats what was sent: {text}");
    }
}

fn request(bytes: &[u8]) -> Option<Request<Body>> {
    let mut lines = bytes.splitn(3, |&byte| byte == b'\n');
    let target = std::str::from_utf8(lines.next()?).ok()?;
    let content_type = lines.next().unwrap_or_default();
    let body = lines.next().unwrap_or_default();
    let (method, target) = target.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(target);
    if !content_type.is_empty() {
        request = request.header(CONTENT_TYPE, content_type);
    }
    request.body(Body::from(body.to_vec())).ok()
}

async fn answer(request: Request<Body>) -> (u16, Vec<u8>) {
    let response = ROUTER.clone().oneshot(request).await;
    let response = response.unwrap_or_else(|never| match never {});
    let status = response.status().as_u16();
    let body = response.into_body().collect().await;
    (status, body.expect("it is in memory").to_bytes().to_vec())
}
