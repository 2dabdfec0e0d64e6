//! The door of the DynamoDB server: requests are checked here, because the server behind it takes any signature.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use serde_json::json;

use super::DynamoDbForwarder;
use crate::listener::HttpSocket;
use crate::refusal::{is_form, unavailable};
use crate::request_body::RequestBody;
use crate::server::{AnyBody, HttpServer, boxed};
use crate::signature::verify;

/// Maximum size of a request, as on AWS.
const MAX_REQUEST_BYTES: usize = 16 << 20;

/// Answers signed DynamoDB requests; cheap to clone.
#[derive(Clone)]
pub(crate) struct DynamoDbEndpoint(DynamoDbForwarder);

impl DynamoDbEndpoint {
    /// Passes requests that are signed on to a server.
    pub(crate) fn new(server: DynamoDbForwarder) -> Self {
        Self(server)
    }

    /// Serves a port of its own.
    pub(crate) fn serve(self, socket: HttpSocket) -> HttpServer {
        HttpServer::start("DynamoDB", socket, move |request| {
            let endpoint = self.clone();
            async move { endpoint.answer(request).await }
        })
    }

    /// The answer to one request.
    pub(crate) async fn answer(&self, request: Request<RequestBody>) -> Response<AnyBody> {
        let (parts, body) = request.into_parts();
        let body = match Limited::new(body, MAX_REQUEST_BYTES).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                let message = format!("A request has at most {MAX_REQUEST_BYTES} bytes.");
                let status = StatusCode::PAYLOAD_TOO_LARGE;
                return boxed(refusal(status, "RequestEntityTooLargeException", &message));
            }
            Err(error) => {
                let message = format!("The request broke off: {error}");
                return boxed(refusal(
                    StatusCode::BAD_REQUEST,
                    "SerializationException",
                    &message,
                ));
            }
        };
        // What has no target is no operation, and the server says so.
        if parts.headers.contains_key("x-amz-target")
            && let Err(error) = verify(&parts, &body)
        {
            let message = error.to_string();
            return boxed(refusal(StatusCode::BAD_REQUEST, error.name(), &message));
        }
        let is_form = is_form(&parts.headers);
        match self
            .0
            .answer(Request::from_parts(parts, Full::new(body)))
            .await
        {
            Ok(response) => boxed(response),
            Err(reason) => {
                tracing::error!(reason, "a DynamoDB request failed");
                boxed(unavailable(&reason, is_form))
            }
        }
    }
}

fn refusal(status: StatusCode, name: &str, message: &str) -> Response<Full<Bytes>> {
    let kind = format!("com.amazon.coral.service#{name}");
    let body = json!({"__type": kind, "message": message}).to_string();
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-amz-json-1.0"),
    );
    response
}
