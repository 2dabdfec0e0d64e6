//! JSON replies about the index.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CONTENT_TYPE, WARNING};
use serde::Serialize;

/// Returns a JSON reply, with a warning if an older index than the newest gave the answer.
pub(super) fn json_reply<T: Serialize>(reply: &T, stale: bool) -> Response {
    warned(Json(reply).into_response(), stale)
}

/// Returns a reply from serialized JSON, with a warning if an older index than the newest gave the answer.
pub(super) fn serialized_json_reply(reply: Vec<u8>, stale: bool) -> Response {
    let is_json = [(CONTENT_TYPE, "application/json")];
    warned((is_json, reply).into_response(), stale)
}

fn warned(mut response: Response, stale: bool) -> Response {
    if stale {
        let warning = HeaderValue::from_static("110 - \"Response is Stale\"");
        response.headers_mut().insert(WARNING, warning);
    }
    response
}
