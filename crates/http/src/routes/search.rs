//! `POST /search`.

use axum::extract::{Request, State};
use axum::response::Response;

use super::json_reply;
use crate::problem::Problem;
use crate::reply::SearchReply;
use crate::request::{PictureParameters, SearchForm, SearchInput, SearchParameters, SearchRequest};
use crate::router::Shared;

/// Products that look like a picture
///
/// The body is the picture itself, a form with the picture in field `image`, or JSON with the picture in base64,
/// the key of an object, or a list of query items: pictures, products and vectors, more or less of each. A form
/// may hold such JSON in its field `request`. Every option can be given in the query string or in the JSON, but not
/// in both. Behind a Lambda function a body has at most 6 MB, about 4.4 MB of picture; `POST /uploads` is the way for
/// more. All images of a request together, those named by key included, have at most 64 million pixels and 32 MB;
/// that is checked before any of them is decoded.
#[utoipa::path(
    post,
    path = "/search",
    tag = "search",
    params(SearchParameters, PictureParameters),
    request_body(
        description = "The picture: JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF; or what to search with",
        content(
            (String = "image/*"),
            (String = "application/octet-stream"),
            (SearchForm = "multipart/form-data"),
            (SearchRequest = "application/json"),
        ),
    ),
    responses(
        (status = 200, description = "What was found, best first", body = SearchReply, headers(("warning" = String, description = "Only when an older index than the newest had to do: `110 - \"Response is Stale\"`"))),
    ),
)]
pub(crate) async fn search(
    State(shared): State<Shared>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let limit = shared.max_body_bytes;
    let input = SearchInput::read(&parts.uri, &parts.headers, body, limit).await?;
    let SearchInput { query, options } = input;
    let reply = SearchReply::from(shared.searcher.search(&query, &options).await?);
    let stale = reply.is_stale();
    Ok(json_reply(reply, stale))
}
