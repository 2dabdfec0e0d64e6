//! `GET /products/{product_id}` and `GET /products/{product_id}/similar`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Uri};
use lookalike_search::{Answer, ProductView, Searcher};

use super::cache_policy::CachePolicy;
use crate::problem::Problem;
use crate::request::{ProductPath, SearchParams, no_parameters, similar_params};
use crate::state::AppState;

/// Handles everything below `/products/`: one route, because an id may contain slashes.
pub(crate) async fn below_products(
    State(state): State<AppState>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    match ProductPath::of(&uri)? {
        ProductPath::Product(id) => product(&state.searcher, &id, &uri).await,
        ProductPath::Similar(id) => similar(&state, &id, &uri, &headers).await,
    }
}

/// One product with all its images
#[utoipa::path(
    get,
    path = "/products/{product_id}",
    tag = "products",
    params(("product_id" = String, Path, min_length = 1, description = "What a customer buys, percent-encoded", example = "boot-001")),
    responses(
        (status = 200, description = "The product", body = ProductView),
    ),
)]
async fn product(searcher: &Searcher, id: &str, uri: &Uri) -> Result<Response, Problem> {
    no_parameters(uri)?;
    Ok(Json(searcher.product(id).await?).into_response())
}

/// Products that look like this one
///
/// The product itself is not among the results. The score of a result is its similarity to the most similar image of
/// the product. `Cache-Control` says who may cache the answer, and how long. With the `ETag` in `If-None-Match`, the
/// reply is 304 if the answer is unchanged.
#[utoipa::path(
    get,
    path = "/products/{product_id}/similar",
    tag = "products",
    params(
        ("product_id" = String, Path, min_length = 1, description = "What a customer buys, percent-encoded", example = "boot-001"),
        SearchParams,
        ("if-none-match" = Option<String>, Header, description = "`ETag` of the answer that the caller has", example = "W/\"g42-6d3f2c9a0b1e4f57a8c2d41be90f3a76\""),
    ),
    responses(
        (status = 200, description = "Results, best first", body = Answer, headers(
            ("etag" = String, description = "Changes with the answer; begins with the generation"),
            ("cache-control" = String, description = "Who may cache the answer, and for how many seconds"),
            ("warning" = String, description = "Only if an older index than the newest gave the answer: `110 - \"Response is Stale\"`"),
        )),
        (status = 304, description = "The answer is unchanged", headers(
            ("etag" = String, description = "The same as before"),
            ("cache-control" = String, description = "Who may cache the answer, and for how many more seconds"),
        )),
    ),
)]
async fn similar(
    state: &AppState,
    id: &str,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let searcher = &state.searcher;
    let options = similar_params(uri)?.options();
    let policy = CachePolicy::new(headers, uri, &options, state.cache, searcher);
    if policy.may_be_unchanged()
        && let Some(unchanged) = policy.unchanged(&searcher.index_state().await?)?
    {
        return Ok(unchanged);
    }
    policy.answer(&searcher.similar(id, options).await?)
}
