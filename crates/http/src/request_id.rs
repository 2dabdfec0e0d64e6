//! The id of a request, in its reply and in the log.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, Request};
use ulid::Ulid;

/// Header that carries the id in every reply, and in a request that brings its own.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Set by load balancers and API Gateway: `Root=1-67891233-abcdef012345678912345678;Parent=...`.
const TRACE_HEADER: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// Maximum length of an id from a caller.
const MAX_LENGTH: usize = 128;

/// The id of a request, at most 128 characters that are safe in a header and in a log line.
///
/// A caller that knows a better id than the headers, such as that of a Lambda invocation, puts it into the request's
/// extensions before it calls the router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// Returns `None` if the id is empty, too long or has characters other than `A-Z a-z 0-9 - _ . : = /`.
    pub fn new(id: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:=/".contains(&byte);
        let sane = !id.is_empty() && id.len() <= MAX_LENGTH && id.bytes().all(allowed);
        sane.then(|| Self(id.to_owned()))
    }

    /// Returns the first of: the extension, `x-request-id`, the root of `x-amzn-trace-id`, a new ULID.
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        request
            .extensions()
            .get::<Self>()
            .cloned()
            .or_else(|| Self::from_headers(request.headers()))
            .unwrap_or_else(Self::generate)
    }

    /// Returns a new ULID.
    pub(crate) fn generate() -> Self {
        Self(Ulid::generate().to_string())
    }

    /// Returns the id as a header value; every id is valid as one.
    pub(crate) fn header_value(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }

    fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        text(HEADER).and_then(Self::new).or_else(|| {
            let trace = text(TRACE_HEADER)?;
            let root = trace
                .split(';')
                .find_map(|part| part.trim().strip_prefix("Root="));
            Self::new(root.unwrap_or(trace))
        })
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn id_for(headers: &[(&str, &str)]) -> String {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        RequestId::of(&request.body(()).unwrap()).to_string()
    }

    #[test]
    fn the_id_of_the_caller_comes_first() {
        let headers = [("x-request-id", "abc-1"), ("x-amzn-trace-id", "Root=1-2-3")];
        assert_eq!(id_for(&headers), "abc-1");
    }

    #[test]
    fn the_root_of_a_trace_is_taken() {
        let id = id_for(&[(
            "x-amzn-trace-id",
            "Self=1-a;Root=1-67891233-abcdef;Sampled=0",
        )]);
        assert_eq!(id, "1-67891233-abcdef");
    }

    #[test]
    fn an_id_that_could_forge_a_log_line_is_replaced() {
        let long = "a".repeat(MAX_LENGTH + 1);
        for bad in ["", "two words", "{\"a\":1}", &long] {
            let id = id_for(&[("x-request-id", bad)]);
            assert_eq!(id.len(), 26, "{bad:?} gave {id}");
        }
    }

    #[test]
    fn an_extension_wins_over_headers() {
        let mut request = Request::builder()
            .header("x-request-id", "header")
            .body(())
            .unwrap();
        request
            .extensions_mut()
            .insert(RequestId::new("extension").unwrap());
        assert_eq!(RequestId::of(&request).to_string(), "extension");
    }
}
