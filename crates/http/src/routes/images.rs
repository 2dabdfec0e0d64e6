//! `GET /images/{key}`.

use axum::Json;
use axum::extract::State;
use http::Uri;
use lookalike_search::ImageView;

use crate::problem::Problem;
use crate::request::{image_key, no_parameters};
use crate::state::AppState;

/// State of a catalog image
///
/// After an upload, ask until `state` is `indexed`; then pass `generation` as `min_generation` to searches that have to
/// find the image.
#[utoipa::path(
    get,
    path = "/images/{key}",
    tag = "service",
    params(("key" = String, Path, pattern = "^catalog/.*[^/]$", description = "Key of the object; slashes may be plain, everything else is percent-encoded", example = "catalog/boot/boot-001.jpg")),
    responses(
        (status = 200, description = "Whether searches find the image, and if not, why", body = ImageView),
    ),
)]
pub(crate) async fn image(
    State(state): State<AppState>,
    uri: Uri,
) -> Result<Json<ImageView>, Problem> {
    no_parameters(&uri)?;
    let mut image = state.searcher.image(&image_key(&uri)?).await?;
    if !state.shows_failures {
        (image.code, image.reason) = (None, None);
    }
    Ok(Json(image))
}
