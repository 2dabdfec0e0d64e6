//! `POST /search`.

use axum::extract::{Request, State};
use axum::response::Response;
use http::header::WARNING;
use lookalike_search::Answer;

use super::json::json_reply;
use crate::problem::Problem;
use crate::request::{ImageParams, SearchForm, SearchInput, SearchParams, SearchRequest};
use crate::state::AppState;

/// Products that look like an image
///
/// The body is the image itself, a form with the image in field `image`, or JSON with the image in base64, the key of an
/// object, or a list of weighted query items: images, products and vectors. A form may hold such JSON in its field
/// `request`. Every option may stand in the query string or in the JSON; if it stands in both, that of the JSON counts.
/// Parts of a request without effect, such as other fields of a form, are named in the header `Warning`. Behind a Lambda
/// function a body has at most 6 MB, which is an image of about 4.4 MB; larger images go through `POST /uploads`. All images of a
/// request together, including those named by key, have at most 64 million pixels and 32 MB; this is checked before any
/// of them is decoded.
#[utoipa::path(
    post,
    path = "/search",
    tag = "search",
    params(SearchParams, ImageParams),
    request_body(
        description = "The image: JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF; or a form or JSON",
        content(
            (String = "image/*"),
            (String = "application/octet-stream"),
            (SearchForm = "multipart/form-data"),
            (SearchRequest = "application/json"),
        ),
    ),
    responses(
        (status = 200, description = "Results, best first", body = Answer, headers(("warning" = String, description = "If an older index than the newest gave the answer: `110 - \"Response is Stale\"`; if parts of the request had no effect: `199 - \"Ignored: field 'csrf'\"`"))),
    ),
)]
pub(crate) async fn search(
    State(state): State<AppState>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let limit = state.max_body_bytes;
    let input = SearchInput::read(&parts.uri, &parts.headers, body, limit).await?;
    let SearchInput {
        query,
        options,
        ignored,
    } = input;
    let answer = state.searcher.search(&query, &options).await?;
    let mut reply = json_reply(&answer, answer.index.stale.is_some());
    if let Some(warning) = ignored.warning() {
        reply.headers_mut().append(WARNING, warning);
    }
    Ok(reply)
}
