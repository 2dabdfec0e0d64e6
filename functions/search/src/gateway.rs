//! What the gateways in front of Lambda do to a request, undone.
//!
//! A REST API keeps its stage out of the path and an HTTP API puts it in. An HTTP API hands over the path
//! decoded, a REST API and a function URL as it was sent. What is left after [`tidy`] is a path and a query
//! that any of them could have sent, without a stage, so one router serves them all and the conversion to
//! an HTTP request, which insists on valid URIs, cannot fail.

use std::fmt::Write as _;

use http::HeaderMap;
use http::header::{HOST, HeaderName, HeaderValue};
use lambda_http::LambdaEvent;
use lambda_http::request::LambdaRequest;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The same request with a stage-free, well-formed path and query, and an `x-request-id`: the caller's,
/// else Lambda's, which the function's log lines carry too.
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

/// The host is of no use to the router, and one that the caller made up would spoil the URI.
fn tidy_headers(headers: &mut HeaderMap, request_id: &str) {
    headers.remove(HOST);
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.entry(REQUEST_ID).or_insert(id);
    }
}

/// The path after `/stage`, always with a slash in front. `$default` never stands in a path.
fn without_stage<'a>(path: &'a str, stage: Option<&str>) -> &'a str {
    let rest = stage
        .and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage))
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        .unwrap_or(path);
    if rest.starts_with('/') { rest } else { "/" }
}

/// Percent-encodes what may not stand in a URI as it is, and leaves every `%xx` alone: paths that came
/// encoded stay as they are, decoded ones become valid. What a decoded `%25` stood for is lost.
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

/// What RFC 3986 lets stand in a path: unreserved characters, sub-delimiters, `:`, `@` and the slash.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte)
}
