//! `GET /images/{key}`.

use axum::Json;
use axum::extract::State;
use http::Uri;

use crate::problem::Problem;
use crate::reply::ImageStateReply;
use crate::request::{image_key, no_parameters};
use crate::router::Shared;

/// What became of a catalog picture
///
/// For whoever uploads one: ask until `state` is `indexed`, and pass `generation` as `min_generation` to searches that
/// have to find it.
#[utoipa::path(
    get,
    path = "/images/{key}",
    tag = "service",
    params(("key" = String, Path, pattern = "^catalog/.*[^/]$", description = "Key of the object; slashes may stand as they are, everything else is percent-encoded", example = "catalog/boot/boot-001.jpg")),
    responses(
        (status = 200, description = "Whether searches find it, and if not, why", body = ImageStateReply),
    ),
)]
pub(crate) async fn image(
    State(shared): State<Shared>,
    uri: Uri,
) -> Result<Json<ImageStateReply>, Problem> {
    no_parameters(&uri)?;
    let view = shared.searcher.image(&image_key(&uri)?).await?;
    Ok(Json(ImageStateReply::from(view)))
}
