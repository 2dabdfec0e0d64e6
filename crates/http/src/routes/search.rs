//! `POST /search`.

use axum::extract::{Request, State};
use axum::response::Response;

use super::json_reply;
use crate::problem::{Problem, ProblemBody};
use crate::reply::SearchReply;
use crate::request::{FormBody, SearchInput, SearchJson, search_options};
use crate::router::Shared;

/// Products that look like a picture
///
/// The body is the picture itself, a form with the picture in field `image`, or JSON with either the
/// picture in base64 or the key of an object. Behind a Lambda function a body has at most 6 MB, about
/// 4.4 MB of picture; `POST /uploads` is the way for more.
#[utoipa::path(
    post,
    path = "/search",
    tag = "search",
    params(
        ("k" = Option<usize>, Query, description = "Most products to return", minimum = 1, maximum = 1000, example = 10),
        ("min_score" = Option<f32>, Query, description = "Least cosine similarity", minimum = -1, maximum = 1, example = 0.0),
    ),
    request_body(
        description = "The picture: JPEG, PNG, WebP or GIF",
        content(
            (String = "image/*"),
            (String = "application/octet-stream"),
            (FormBody = "multipart/form-data"),
            (SearchJson = "application/json"),
        ),
    ),
    responses(
        (status = 200, description = "The products found, best first", body = SearchReply),
        (status = 400, description = "A parameter or the body is not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No object at this key", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The picture has too many bytes", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The content type or the picture format is not supported", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The picture is damaged or has too many pixels", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "A store is busy; try again after `Retry-After` seconds", body = ProblemBody, content_type = "application/problem+json"),
        (status = "default", description = "Another problem", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn search(
    State(shared): State<Shared>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    // The body comes first: a reply to one that nobody read can get lost with its connection.
    let input = SearchInput::read(&parts.headers, body, shared.max_body_bytes).await?;
    let options = search_options(&parts.uri)?;
    let answer = match input {
        SearchInput::Picture(picture) => shared.searcher.search_picture(picture, options).await?,
        SearchInput::Key(key) => shared.searcher.search_key(&key, options).await?,
    };
    let reply = SearchReply::from(answer);
    let stale = reply.is_stale();
    Ok(json_reply(reply, stale))
}
