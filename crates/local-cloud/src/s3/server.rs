//! The HTTP server of S3.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use s3s::Body;
use s3s::service::{S3Service, S3ServiceBuilder};

use super::LocalS3;
use super::keys::LocalKeys;
use crate::listener::HttpSocket;
use crate::request_body::RequestBody;
use crate::server::HttpServer;

/// Headers that a page of another origin may read, besides the simple ones.
const EXPOSED: &str = "ETag, Content-Length, Content-Range, Content-Type, Last-Modified, Accept-Ranges, \
                       x-amz-request-id, x-amz-version-id, x-amz-meta-product-id";

/// Answers S3 requests; cheap to clone.
#[derive(Clone)]
pub(crate) struct S3Endpoint(S3Service);

impl S3Endpoint {
    /// Answers about these buckets and objects.
    pub(crate) fn new(s3: LocalS3) -> Self {
        let mut builder = S3ServiceBuilder::new(s3);
        builder.set_auth(LocalKeys);
        Self(builder.build())
    }

    /// Serves a port of its own.
    pub(crate) fn serve(self, socket: HttpSocket) -> HttpServer {
        HttpServer::start("S3", socket, move |request| {
            let endpoint = self.clone();
            async move { endpoint.answer(request).await }
        })
    }

    /// The answer to one request.
    pub(crate) async fn answer(&self, request: Request<RequestBody>) -> Response<Body> {
        answer(&self.0, request).await
    }
}

async fn answer(service: &S3Service, request: Request<RequestBody>) -> Response<Body> {
    let asked_headers = request
        .headers()
        .get(header::ACCESS_CONTROL_REQUEST_HEADERS)
        .cloned();
    let is_preflight = request.method() == Method::OPTIONS;
    let mut response = if is_preflight {
        Response::new(Body::empty())
    } else {
        match service.call(request.map(Body::http_body_unsync)).await {
            Ok(response) => response,
            Err(error) => {
                tracing::error!(?error, "an S3 request failed");
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                response
            }
        }
    };
    if response.status() == StatusCode::NOT_MODIFIED {
        *response.body_mut() = Body::empty();
    }
    let headers = response.headers_mut();
    allow_every_origin(headers);
    if is_preflight {
        allow_every_request(headers, asked_headers);
    }
    if let Ok(id) = HeaderValue::from_str(&format!("{:016X}", rand::random::<u64>())) {
        headers.insert(HeaderName::from_static("x-amz-request-id"), id);
    }
    response
}

/// Allows the origin of every request that gets here: those of other sites were refused before.
fn allow_every_origin(headers: &mut HeaderMap) {
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(EXPOSED),
    );
}

fn allow_every_request(headers: &mut HeaderMap, asked: Option<HeaderValue>) {
    let methods = HeaderValue::from_static("GET, HEAD, PUT, POST, DELETE");
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    let asked = asked.unwrap_or_else(|| HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked);
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("3600"),
    );
    headers.insert(
        header::VARY,
        HeaderValue::from_static("access-control-request-headers"),
    );
    let private = HeaderName::from_static("access-control-allow-private-network");
    headers.insert(private, HeaderValue::from_static("true"));
}
