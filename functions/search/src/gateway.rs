//! Removes the differences between the gateways in front of Lambda.
//!
//! An HTTP API puts its stage into the path, a REST API does not. An HTTP API passes the path decoded, a REST API and a
//! function URL pass it as it was sent. After [`tidy`], path and query have no stage and are valid in a URI, so one
//! router serves all gateways, and the conversion to an HTTP request cannot fail.

use std::fmt::Write as _;

use http::HeaderMap;
use http::header::{HOST, HeaderName, HeaderValue};
use lambda_http::LambdaEvent;
use lambda_http::request::LambdaRequest;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Returns the request with a well-formed path and query without the stage, and with an `x-request-id`: the caller's if
/// there is one, otherwise Lambda's, which is also in the function's log lines.
#[must_use]
pub fn tidy(mut event: LambdaEvent<LambdaRequest>) -> LambdaEvent<LambdaRequest> {
    let request_id = &event.context.request_id;
    match &mut event.payload {
        LambdaRequest::ApiGatewayV2(request) => {
            let stage = request.request_context.stage.take();
            let path = request.raw_path.take().unwrap_or_default();
            request.raw_path = Some(escape(without_stage(&path, stage.as_deref()), is_path_byte));
            request.raw_query_string = (request.raw_query_string.take())
                .map(|query| escape(&query, |byte| is_path_byte(byte) || byte == b'?'));
            request.request_context.domain_name = None;
            tidy_headers(&mut request.headers, request_id);
        }
        LambdaRequest::ApiGatewayV1(request) => {
            request.request_context.stage = None;
            let path = request.path.take().unwrap_or_default();
            request.path = Some(escape(without_stage(&path, None), is_path_byte));
            request.request_context.domain_name = None;
            tidy_headers(&mut request.headers, request_id);
            request.multi_value_headers.remove(HOST);
        }
        _ => {}
    }
    event
}

/// Drops the host: the router does not need it, and an invalid one would make the URI invalid.
fn tidy_headers(headers: &mut HeaderMap, request_id: &str) {
    headers.remove(HOST);
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.entry(REQUEST_ID).or_insert(id);
    }
}

/// Returns the path after `/stage`, always with a leading slash. `$default` is never part of a path.
fn without_stage<'a>(path: &'a str, stage: Option<&str>) -> &'a str {
    let rest = stage
        .and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage))
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        .unwrap_or(path);
    if rest.starts_with('/') { rest } else { "/" }
}

/// Percent-encodes every byte that is not allowed in a URI, and leaves every `%xx` as it is: encoded paths stay the
/// same, decoded ones become valid. A decoded `%25` before two hexadecimal digits cannot be restored.
fn escape(text: &str, is_allowed: impl Fn(u8) -> bool) -> String {
    let bytes = text.as_bytes();
    let mut escaped = String::with_capacity(bytes.len());
    for (at, &byte) in bytes.iter().enumerate() {
        if is_allowed(byte) || (byte == b'%' && is_hex_pair(bytes.get(at + 1..at + 3))) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

fn is_hex_pair(pair: Option<&[u8]>) -> bool {
    pair.is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit))
}

/// True for the bytes that RFC 3986 allows in a path: unreserved characters, sub-delimiters, `:`, `@` and the slash.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte)
}
