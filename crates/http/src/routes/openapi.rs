//! `GET /openapi.json`.

use std::sync::LazyLock;

use axum::response::IntoResponse;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::openapi::openapi;
use crate::problem::Problem;

static DOCUMENT: LazyLock<Result<String, serde_json::Error>> =
    LazyLock::new(|| serde_json::to_string(&openapi()));

/// This interface as OpenAPI 3.1
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "service",
    responses((status = 200, description = "The OpenAPI document", content_type = "application/json")),
)]
pub(crate) async fn openapi_json() -> Result<impl IntoResponse, Problem> {
    let document = DOCUMENT
        .as_ref()
        .map_err(|error| Problem::internal().caused_by(std::io::Error::other(error.to_string())))?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (
            CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=300"),
        ),
    ];
    Ok((headers, document.as_str()))
}
