//! `POST /uploads`.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::IntoResponse;

use crate::problem::Problem;
use crate::reply::UploadReply;
use crate::request::{UploadJson, no_parameters, read_upload_type};
use crate::router::Shared;

/// A link to store a picture
///
/// For pictures that are too large for a request body: PUT the picture to `url` with `headers`, then
/// search with `{"key": ...}`.
#[utoipa::path(
    post,
    path = "/uploads",
    tag = "search",
    request_body(content = Option<UploadJson>, description = "The picture's media type; `image/jpeg` without a body", content_type = "application/json"),
    responses(
        (status = 200, description = "Where to PUT the picture", body = UploadReply),
    ),
)]
pub(crate) async fn create_upload(
    State(shared): State<Shared>,
    request: Request,
) -> Result<impl IntoResponse, Problem> {
    let (parts, body) = request.into_parts();
    no_parameters(&parts.uri)?;
    let media_type = read_upload_type(&parts.headers, body).await?;
    let link = shared.searcher.create_upload(&media_type).await?;
    Ok(Json(UploadReply::from(link)))
}
