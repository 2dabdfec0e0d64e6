//! Answers that a browser may keep, if it asks each time whether they are still right.

use axum::response::{IntoResponse, Response};
use headers::{ETag, HeaderMapExt, IfNoneMatch};
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::json_reply;
use crate::problem::Problem;
use crate::reply::SearchReply;

/// Whoever may see an answer is for the gateway to say, so nobody but the caller keeps it.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// The reply, or 304 without it when the caller has the same. The tag is a weak one: it is of all that was found,
/// links and metadata included, and not of the milliseconds that it took.
pub(super) fn conditional(asked: &HeaderMap, reply: SearchReply) -> Result<Response, Problem> {
    let tag = tag_of(&reply).ok_or_else(Problem::internal)?;
    let known = asked.typed_get::<IfNoneMatch>();
    let is_known = known.is_some_and(|known| !known.precondition_passes(&tag));
    let mut response = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => {
            let stale = reply.is_stale();
            json_reply(reply, stale)
        }
    };
    let headers = response.headers_mut();
    headers.typed_insert(tag);
    headers.insert(CACHE_CONTROL, PRIVATE);
    // What is compressed says so by itself; a reply without a body would not.
    headers.append(VARY, ACCEPT_ENCODING.into());
    Ok(response)
}

fn tag_of(reply: &SearchReply) -> Option<ETag> {
    format!("W/\"{}\"", reply.digest()?).parse().ok()
}
