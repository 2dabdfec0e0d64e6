//! `POST /uploads`.

use axum::Json;
use axum::extract::{Request, State};
use lookalike_core::UploadLink;

use crate::problem::Problem;
use crate::request::{UploadJson, no_parameters, read_upload};
use crate::state::AppState;

/// A link to store an image
///
/// For images that are too large for a request body: PUT the image to `url` with `headers`, then search with
/// `{"key": ...}`. The link takes one image, of the given size and media type.
#[utoipa::path(
    post,
    path = "/uploads",
    tag = "search",
    request_body(content = UploadJson, description = "Size and media type of the image", content_type = "application/json"),
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
    let upload = read_upload(&parts.headers, body).await?;
    let link = state
        .searcher
        .create_upload(upload.media_type(), upload.size.get())
        .await?;
    Ok(Json(link))
}
