//! `GET /products/{product_id}` and `GET /products/{product_id}/similar`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use lookalike_service::Searcher;

use super::json_reply;
use crate::problem::{Problem, ProblemBody};
use crate::reply::{ProductReply, SearchReply};
use crate::request::{ProductPath, no_parameters, search_options};
use crate::router::Shared;

/// Everything below `/products/`: one route, because an id may hold slashes.
pub(crate) async fn below_products(
    State(shared): State<Shared>,
    uri: Uri,
) -> Result<Response, Problem> {
    match ProductPath::of(&uri)? {
        ProductPath::Product(id) => product(&shared.searcher, &id, &uri).await,
        ProductPath::Similar(id) => similar(&shared.searcher, &id, &uri).await,
    }
}

/// One product with all its pictures
#[utoipa::path(
    get,
    path = "/products/{product_id}",
    tag = "products",
    params(("product_id" = String, Path, description = "What a customer buys, percent-encoded")),
    responses(
        (status = 200, description = "The product", body = ProductReply),
        (status = 404, description = "There is no such product", body = ProblemBody, content_type = "application/problem+json"),
        (status = "default", description = "Another problem", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn product(searcher: &Searcher, id: &str, uri: &Uri) -> Result<Response, Problem> {
    no_parameters(uri)?;
    let product = searcher.product(id).await?;
    Ok(Json(ProductReply::from(product)).into_response())
}

/// Products that look like this one
///
/// The product itself is not among them.
#[utoipa::path(
    get,
    path = "/products/{product_id}/similar",
    tag = "products",
    params(
        ("product_id" = String, Path, description = "What a customer buys, percent-encoded"),
        ("k" = Option<usize>, Query, description = "Most products to return", minimum = 1, maximum = 1000, example = 10),
        ("min_score" = Option<f32>, Query, description = "Least cosine similarity", minimum = -1, maximum = 1, example = 0.0),
    ),
    responses(
        (status = 200, description = "The products found, best first", body = SearchReply),
        (status = 400, description = "A parameter is not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such product has an indexed picture", body = ProblemBody, content_type = "application/problem+json"),
        (status = "default", description = "Another problem", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn similar(searcher: &Searcher, id: &str, uri: &Uri) -> Result<Response, Problem> {
    let options = search_options(uri)?;
    let reply = SearchReply::from(searcher.similar(id, options).await?);
    let stale = reply.is_stale();
    Ok(json_reply(reply, stale))
}
