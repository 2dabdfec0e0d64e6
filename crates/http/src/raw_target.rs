//! Requests whose URL has a character that no URL may have, so that no router sees them.

use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Response};

use crate::middleware::{NO_STORE, PROBLEM_JSON};
use crate::problem::{Problem, ProblemKind, shown};
use crate::request_id::{HEADER, RequestId};

/// Returns the reply to a request whose target, the part between method and version, cannot be parsed; `None` if it has
/// no character that must be encoded. The connection has to be closed after it.
pub fn refuse_raw_target(target: &[u8]) -> Option<Response<Vec<u8>>> {
    let raw = target.iter().position(|byte| must_be_encoded(*byte))?;
    let before = String::from_utf8_lossy(&target[..raw]);
    let character = String::from_utf8_lossy(&target[raw..]).chars().next()?;
    let encoded: String = character
        .to_string()
        .bytes()
        .map(|byte| format!("%{byte:02X}"))
        .collect();
    let detail = format!(
        "the URL has a raw {character:?} after {}: write it as {encoded}, curl does so with --data-urlencode and --get",
        shown(&before)
    );
    let id = RequestId::generate();
    let path = before
        .split('?')
        .next()
        .filter(|path| path.starts_with('/'));
    let problem = Problem::new(ProblemKind::InvalidPath, detail);
    tracing::info!(request_id = %id, detail = problem.detail, "request refused");
    let body = serde_json::to_vec(&problem.body(path.unwrap_or("/"), &id.to_string())).ok()?;
    let length = body.len();
    let mut response = Response::new(body);
    *response.status_mut() = problem.kind.status();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, PROBLEM_JSON);
    headers.insert(CONTENT_LENGTH, length.into());
    headers.insert(CACHE_CONTROL, NO_STORE);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(HEADER, id.header_value()?);
    Some(response)
}

/// True for the bytes of a target that the parser of URLs refuses.
fn must_be_encoded(byte: u8) -> bool {
    !byte.is_ascii_graphic() || b"<>`".contains(&byte)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_character_is_named_with_its_encoding() {
        for (target, path, named) in [
            ("/search?filter=price<50", "/search", "write it as %3C"),
            ("/products/<b>/similar", "/products/", "write it as %3C"),
            ("/products/grün", "/products/gr", "write it as %C3%BC"),
            ("<", "/", "write it as %3C"),
        ] {
            let reply = refuse_raw_target(target.as_bytes()).unwrap();
            assert_eq!(reply.status(), 400);
            let body: serde_json::Value = serde_json::from_slice(reply.body()).unwrap();
            assert_eq!(body["instance"], path);
            assert!(body["detail"].as_str().unwrap().contains(named), "{body}");
        }
        assert!(refuse_raw_target(b"/search?filter=price%3C50&k=1").is_none());
    }
}
