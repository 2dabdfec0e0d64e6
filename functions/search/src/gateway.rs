//! Removes the differences between the gateways in front of Lambda.
//!
//! An HTTP API puts its stage into the path, a REST API does not. A REST API behind a custom domain puts the base path
//! of the domain's mapping into the path, an HTTP API
//! [does not](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).
//! An HTTP API passes the path decoded, a REST API and a function URL pass it as it was sent. After [`tidy`], path and
//! query have neither stage nor base path and are valid in a URI, so one router serves all gateways, and the conversion
//! to an HTTP request cannot fail.

use std::fmt::Write as _;

use http::HeaderMap;
use http::header::{HOST, HeaderName, HeaderValue};
use lambda_http::LambdaEvent;
use lambda_http::request::LambdaRequest;
use percent_encoding::percent_decode_str;

/// The stage of an HTTP API whose name is not part of the path.
const DEFAULT_STAGE: &str = "$default";
/// The longest base path that API Gateway takes, in bytes.
const MAX_BASE_PATH: usize = 300;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Returns the request with a well-formed path and query without stage and base path, and with an `x-request-id`: the caller's if
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
            let proxy = request.path_parameters.get("proxy");
            let resource = request.resource.as_deref().unwrap_or_default();
            let path = without_base_path(&path, resource, proxy.map(String::as_str));
            request.path = Some(escape(without_stage(path, None), is_path_byte));
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

/// Returns the path after `/stage`, always with a leading slash. The default stage is never part of a path: a caller who
/// writes it there must not reach a route past the rate of that route.
fn without_stage<'a>(path: &'a str, stage: Option<&str>) -> &'a str {
    let rest = stage
        .filter(|stage| *stage != DEFAULT_STAGE)
        .and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage))
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        .unwrap_or(path);
    if rest.starts_with('/') { rest } else { "/" }
}

/// Returns the path after the base path of a custom domain. The resource that matched the request tells where it ends:
/// `/` or `/{proxy+}`, whose value is the rest of the path. Any other resource leaves the path as it is.
fn without_base_path<'a>(path: &'a str, resource: &str, proxy: Option<&str>) -> &'a str {
    match (resource, proxy) {
        ("/", _) => "/",
        ("/{proxy+}", Some(proxy)) => {
            let wanted: Vec<u8> = percent_decode_str(proxy).collect();
            let starts = path.match_indices('/').map(|(at, _)| at);
            // So that the work stays within a multiple of the path's length.
            let mut starts = starts.take_while(|&at| at <= MAX_BASE_PATH + 1);
            let is_rest =
                |at: &usize| percent_decode_str(&path[at + 1..]).eq(wanted.iter().copied());
            // The first match is the longest rest, so a path that repeats its base path keeps the repetition.
            starts.find(is_rest).map_or(path, |at| &path[at..])
        }
        _ => path,
    }
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
