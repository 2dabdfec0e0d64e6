//! The routes, and the layers around them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use http::header::{ALLOW, ETAG, ORIGIN, RETRY_AFTER, WARNING};
use http::request::Parts;
use http::{HeaderValue, Method};
use lookalike_search::Searcher;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::middleware::{panicked, wrap_request};
use crate::openapi::openapi_json;
use crate::origin::require_origin;
use crate::request_id;
use crate::routes::{audit, health, images, index, page, products, search, uploads};
use crate::settings::HttpSettings;
use crate::state::AppState;

/// Shorter replies are not compressed: it would not pay.
const MIN_COMPRESSED_BYTES: u64 = 1024;

/// Returns the whole HTTP interface over `searcher`, ready for a listener or for `lambda_http`.
///
/// Paths are served at the root. A caller that mounts the router under a prefix, such as the stage of an API gateway,
/// strips the prefix first.
pub fn router(searcher: Arc<Searcher>, settings: HttpSettings) -> Router {
    let state = AppState::new(searcher, &settings);
    Router::new()
        .route("/", get(page::page))
        .route("/audit", get(audit::audit))
        .route("/docs", get(page::docs))
        .route("/health", get(health::health))
        .route("/images/{*key}", get(images::image))
        .route("/index", get(index::index))
        .route("/openapi.json", get(openapi_json))
        .route("/products/{*rest}", get(products::below_products))
        .route("/search", post(search::search))
        .route("/status", get(page::status))
        .route("/uploads", post(uploads::create_upload))
        .with_state(state)
        // `request::body` reads bodies, with the limit of each route.
        .layer(DefaultBodyLimit::disable())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(compression())
        .layer(cors(settings.cors_origins))
        .layer(from_fn_with_state(settings.origin_secret, require_origin))
        .layer(from_fn(wrap_request))
}

/// Compresses replies, except images and short ones.
fn compression() -> CompressionLayer<impl Predicate> {
    let worth = SizeAbove::new(MIN_COMPRESSED_BYTES).and(NotForContentType::IMAGES);
    CompressionLayer::new().compress_when(worth)
}

/// Compares origins as text instead of building a list of header values, so that an origin that is not a valid header
/// value matches nothing instead of failing the start.
fn cors(origins: Vec<String>) -> CorsLayer {
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::predicate(move |origin: &HeaderValue, _: &Parts| {
            origins
                .iter()
                .any(|one| one.as_bytes() == origin.as_bytes())
        })
    };
    CorsLayer::new()
        .allow_origin(allowed)
        // With `*` too: an API gateway may answer in place of this layer, and then only requests with an origin get
        // CORS headers. The headers of a preflight are left out, since its answers are not cached.
        .vary([ORIGIN])
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([request_id::HEADER, RETRY_AFTER, ALLOW, ETAG, WARNING])
        .max_age(Duration::from_secs(3600))
}
