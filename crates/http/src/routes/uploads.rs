//! `POST /uploads`.

use axum::Json;
use axum::extract::{Request, State};
use lookalike_core::UploadLink;

use crate::problem::Problem;
use crate::request::{UploadJson, no_parameters, read_upload_type};
use crate::state::AppState;

/// A link to store an image
///
/// For images that are too large for a request body: PUT the image to `url` with `headers`, then search with
/// `{"key": ...}`.
#[utoipa::path(
    post,
    path = "/uploads",
    tag = "search",
    request_body(content = Option<UploadJson>, description = "Media type of the image; `image/jpeg` without a body", content_type = "application/json"),
    responses(
        (status = 200, description = "Where to PUT the image", body = UploadLink),
    ),
)]
pub(crate) async fn create_upload(
    State(state): State<AppState>,
    request: Request,
) -> Result<Json<UploadLink>, Problem> {
    let (parts, body) = request.into_parts();
    no_parameters(&parts.uri)?;
    let media_type = read_upload_type(&parts.headers, body).await?;
    Ok(Json(state.searcher.create_upload(&media_type).await?))
}
