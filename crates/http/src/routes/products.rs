//! `GET /products/{product_id}` and `GET /products/{product_id}/similar`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Uri};
use lookalike_search::Searcher;

use super::conditional::Keeping;
use crate::problem::Problem;
use crate::reply::{IndexReply, ProductReply, SearchReply};
use crate::request::{ProductPath, SearchParameters, no_parameters, similar_parameters};
use crate::router::Shared;

/// Everything below `/products/`: one route, because an id may hold slashes.
pub(crate) async fn below_products(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    match ProductPath::of(&uri)? {
        ProductPath::Product(id) => product(&shared.searcher, &id, &uri).await,
        ProductPath::Similar(id) => similar(&shared, &id, &uri, &headers).await,
    }
}

/// One product with all its pictures
#[utoipa::path(
    get,
    path = "/products/{product_id}",
    tag = "products",
    params(("product_id" = String, Path, min_length = 1, description = "What a customer buys, percent-encoded", example = "boot-001")),
    responses(
        (status = 200, description = "The product", body = ProductReply),
    ),
)]
async fn product(searcher: &Searcher, id: &str, uri: &Uri) -> Result<Response, Problem> {
    no_parameters(uri)?;
    let product = searcher.product(id).await?;
    Ok(Json(ProductReply::from(product)).into_response())
}

/// Products that look like this one
///
/// The product itself is not among them. A result counts with its similarity to the most similar picture of the
/// product. `Cache-Control` says who may keep the answer, and how long. It has an `ETag`: with `If-None-Match`, 304
/// says that it is the same as before.
#[utoipa::path(
    get,
    path = "/products/{product_id}/similar",
    tag = "products",
    params(
        ("product_id" = String, Path, min_length = 1, description = "What a customer buys, percent-encoded", example = "boot-001"),
        SearchParameters,
        ("if-none-match" = Option<String>, Header, description = "The `ETag` of an answer that the caller has", example = "W/\"g42-6d3f2c9a0b1e4f57a8c2d41be90f3a76\""),
    ),
    responses(
        (status = 200, description = "What was found, best first", body = SearchReply, headers(
            ("etag" = String, description = "Changes when the answer does; begins with the generation"),
            ("cache-control" = String, description = "Who may keep the answer, and for how many seconds"),
            ("warning" = String, description = "Only when an older index than the newest had to do: `110 - \"Response is Stale\"`"),
        )),
        (status = 304, description = "The answer is the one that the caller has", headers(
            ("etag" = String, description = "As it was"),
            ("cache-control" = String, description = "Who may keep the answer, and for how many seconds more"),
        )),
    ),
)]
async fn similar(
    shared: &Shared,
    id: &str,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let searcher = &shared.searcher;
    let options = similar_parameters(uri)?.options();
    let links = searcher.links_good_for();
    let keeping = Keeping::new(headers, uri, &options, shared.cache, links);
    if keeping.may_be_known() {
        let index = IndexReply::from(searcher.index_state().await?);
        if let Some(known) = keeping.known(&index)? {
            return Ok(known);
        }
    }
    let reply = SearchReply::from(searcher.similar(id, options).await?);
    keeping.answer(&reply)
}
