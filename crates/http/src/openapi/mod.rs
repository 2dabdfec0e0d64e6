//! The interface as OpenAPI 3.1, collected from the handlers, and `GET /openapi.json`.

mod choices;
#[cfg(test)]
mod example_problems;
mod problems;

use std::sync::LazyLock;

use axum::response::IntoResponse;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use utoipa::OpenApi;

use self::choices::Choices;
use self::problems::Problems;
use crate::problem::{Problem, ProblemBody};
use crate::request::{ImageParams, SearchParams};
use crate::routes::{audit, health, images, index, page, products, search, uploads};

static DOCUMENT: LazyLock<Result<String, serde_json::Error>> =
    LazyLock::new(|| serde_json::to_string(&openapi()));

/// Returns the OpenAPI 3.1 document of `GET /openapi.json`.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "lookalike",
        description = "Visual product search: send an image, get the products that look like it.\n\n\
                       Every error is an RFC 9457 problem; `x-request-id` identifies the request in the log. The reply to a path \
                       that is not listed here is 404 with `unknown-route`. Every path with GET also has \
                       HEAD."
    ),
    // Relative to this document, and so valid under any prefix.
    servers((url = ".", description = "Where this document is")),
    paths(
        search::search,
        uploads::create_upload,
        products::product,
        products::similar,
        index::index,
        images::image,
        audit::audit,
        health::health,
        openapi_json,
        page::page,
        page::status,
        page::docs,
    ),
    components(schemas(ProblemBody, SearchParams, ImageParams)),
    modifiers(&Choices, &Problems),
    tags(
        (name = "search", description = "Find products by image"),
        (name = "products", description = "Find products by product"),
        (name = "service", description = "The service itself"),
    ),
)]
struct Document;

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
