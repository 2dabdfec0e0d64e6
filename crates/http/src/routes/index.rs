//! `GET /index`.

use axum::extract::State;
use axum::response::Response;
use http::Uri;

use super::json_reply;
use crate::problem::Problem;
use crate::reply::IndexInfoReply;
use crate::request::no_parameters;
use crate::router::Shared;

/// The state of the index
#[utoipa::path(
    get,
    path = "/index",
    tag = "service",
    responses(
        (status = 200, description = "Generation, counts, encoder, segments, what the last generations changed, and the pictures that failed last", body = IndexInfoReply, headers(("warning" = String, description = "Only when an older index than the newest had to do: `110 - \"Response is Stale\"`"))),
    ),
)]
pub(crate) async fn index(State(shared): State<Shared>, uri: Uri) -> Result<Response, Problem> {
    no_parameters(&uri)?;
    let reply = IndexInfoReply::from(shared.searcher.index_info().await?);
    let stale = reply.is_stale();
    Ok(json_reply(reply, stale))
}
