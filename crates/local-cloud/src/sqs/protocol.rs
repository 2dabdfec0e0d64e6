//! Reading requests and writing answers in SQS's JSON protocol.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Body as _;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::error::SqsError;
use super::limits::MAX_REQUEST_BYTES;
use crate::events::message_id;
use crate::request_body::RequestBody;
use crate::signature::verify;

/// Reads the action of a request, like `SendMessage`, and its input.
pub(crate) async fn read(request: Request<RequestBody>) -> Result<(String, Value), SqsError> {
    let (parts, body) = request.into_parts();
    let target = parts.headers.get("x-amz-target");
    let target = target.and_then(|it| it.to_str().ok());
    let Some(action) = target.and_then(|it| it.strip_prefix("AmazonSQS.")) else {
        return Err(SqsError::UnsupportedOperation(
            "Expected SQS's JSON protocol, with a header `X-Amz-Target: AmazonSQS.<action>`."
                .to_owned(),
        ));
    };
    let action = action.to_owned();
    // Checked before anything is read, if the client announces the length.
    if body.size_hint().lower() > MAX_REQUEST_BYTES as u64 {
        return Err(SqsError::RequestTooLarge(MAX_REQUEST_BYTES));
    }
    let body = Limited::new(body, MAX_REQUEST_BYTES);
    let body = body.collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            SqsError::RequestTooLarge(MAX_REQUEST_BYTES)
        } else {
            SqsError::Serialization(error.to_string())
        }
    })?;
    let body = body.to_bytes();
    verify(&parts, &body)?;
    match serde_json::from_slice(&body) {
        Ok(input) => Ok((action, input)),
        Err(error) => Err(SqsError::Serialization(error.to_string())),
    }
}

/// Parses the input of an action.
pub(crate) fn parse<T: DeserializeOwned>(input: Value) -> Result<T, SqsError> {
    serde_json::from_value(input).map_err(|error| SqsError::Serialization(error.to_string()))
}

/// Makes the reply to a request.
pub(crate) fn response(answered: Result<Value, SqsError>) -> Response<Full<Bytes>> {
    let mut response = Response::default();
    let output = match answered {
        Ok(output) => output,
        Err(error) => {
            *response.status_mut() = error.status();
            let code = format!("{};Sender", error.code());
            insert(&mut response, "x-amzn-query-error", &code);
            json!({"__type": error.kind(), "message": error.to_string()})
        }
    };
    insert(&mut response, "x-amzn-requestid", &message_id());
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-amz-json-1.0"),
    );
    *response.body_mut() = Full::from(output.to_string());
    response
}

fn insert(response: &mut Response<Full<Bytes>>, name: &'static str, value: &str) {
    // Every value here consists of characters that a header may contain.
    if let Ok(value) = HeaderValue::from_str(value) {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
}
