//! The handlers, a file for each thing they are about.

pub(crate) mod audit;
mod compact;
mod conditional;
pub(crate) mod health;
pub(crate) mod images;
pub(crate) mod index;
pub(crate) mod openapi;
pub(crate) mod page;
pub(crate) mod products;
pub(crate) mod search;
pub(crate) mod uploads;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CONTENT_TYPE, WARNING};
use serde::Serialize;

/// A JSON reply about the index, with a warning when it is not about the newest.
fn json_reply<T: Serialize>(reply: T, stale: bool) -> Response {
    warned(Json(reply).into_response(), stale)
}

/// The same of a reply that is JSON already.
fn written_json_reply(reply: Vec<u8>, stale: bool) -> Response {
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
