//! The routes, and the layers around them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use http::header::{ALLOW, ETAG, ORIGIN, RETRY_AFTER, WARNING};
use http::request::Parts;
use http::{HeaderValue, Method};
use lookalike_search::Searcher;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::request_id;
use crate::routes::{audit, health, images, index, openapi, page, products, search, uploads};
use crate::settings::{AuditLimits, CacheSettings, HttpSettings};
use crate::shell;

/// Bytes of a reply that are worth compressing.
const LEAST_COMPRESSED: u64 = 1024;

/// What every handler can reach.
#[derive(Clone)]
pub(crate) struct Shared {
    /// Answers the questions.
    pub(crate) searcher: Arc<Searcher>,
    /// Most bytes of a request body.
    pub(crate) max_body_bytes: usize,
    /// How long others may keep an answer.
    pub(crate) cache: CacheSettings,
    /// How far a look over the catalog may go, if it may be asked for.
    pub(crate) audit: Option<AuditLimits>,
    /// One at a time looks over the catalog.
    pub(crate) auditing: Arc<Semaphore>,
}

/// The whole HTTP interface over `searcher`, ready for a listener or for `lambda_http`.
///
/// Paths are served at the root; whoever mounts it under a prefix, such as the stage of an API
/// gateway, takes the prefix off before.
pub fn router(searcher: Arc<Searcher>, settings: HttpSettings) -> Router {
    let cors = cors(settings.cors_origins);
    let shared = Shared {
        searcher,
        max_body_bytes: settings.max_body_bytes,
        cache: settings.cache,
        audit: settings.audit,
        auditing: Arc::new(Semaphore::new(1)),
    };
    Router::new()
        .route("/", get(page::page))
        .route("/audit", get(audit::audit))
        .route("/docs", get(page::docs))
        .route("/health", get(health::health))
        .route("/images/{*key}", get(images::image))
        .route("/index", get(index::index))
        .route("/openapi.json", get(openapi::openapi_json))
        .route("/products/{*rest}", get(products::below_products))
        .route("/search", post(search::search))
        .route("/status", get(page::status))
        .route("/uploads", post(uploads::create_upload))
        .with_state(shared)
        // Bodies are read by code of ours, which knows the limit of each route.
        .layer(DefaultBodyLimit::disable())
        .layer(CatchPanicLayer::custom(shell::panicked))
        .layer(compression())
        .layer(cors)
        .layer(from_fn(shell::surround))
}

/// Pictures and short replies are left as they are.
fn compression() -> CompressionLayer<impl Predicate> {
    let worth = SizeAbove::new(LEAST_COMPRESSED).and(NotForContentType::IMAGES);
    CompressionLayer::new().compress_when(worth)
}

/// Compares origins as text instead of building a list of header values, so that an origin that is no
/// header value matches nothing rather than failing the start.
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
        // With `*` too: an API gateway may answer in the place of this layer, and then only who has an origin is
        // told that any will do. What only a preflight asks for plays no part, as nobody keeps the answers to those.
        .vary([ORIGIN])
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([request_id::HEADER, RETRY_AFTER, ALLOW, ETAG, WARNING])
        .max_age(Duration::from_secs(3600))
}
