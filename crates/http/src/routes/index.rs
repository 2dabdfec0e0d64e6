//! `GET /index`.

use axum::extract::State;
use axum::response::Response;
use http::Uri;
use lookalike_search::IndexInfo;

use super::json::json_reply;
use crate::problem::Problem;
use crate::request::no_parameters;
use crate::state::AppState;

/// State of the index
#[utoipa::path(
    get,
    path = "/index",
    tag = "service",
    responses(
        (status = 200, description = "Generation, counts, encoder, segments, changes of the last generations, and the last failed images", body = IndexInfo, headers(("warning" = String, description = "Only if an older index than the newest gave the answer: `110 - \"Response is Stale\"`"))),
    ),
)]
pub(crate) async fn index(State(state): State<AppState>, uri: Uri) -> Result<Response, Problem> {
    no_parameters(&uri)?;
    let mut info = state.searcher.index_info().await?;
    if !state.shows_failures {
        info.failures.clear();
    }
    Ok(json_reply(&info, info.state.stale.is_some()))
}
