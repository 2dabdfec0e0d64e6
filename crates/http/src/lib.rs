//! The HTTP interface of lookalike: an axum router over [`lookalike_search::Searcher`].
//!
//! [`router`] gives one plain [`axum::Router`] that a local listener serves as it is and that
//! `lambda_http` drives in a Lambda function. Its only state is the searcher and [`HttpSettings`]; it reads no
//! environment variables and opens no port.
//!
//! | request | answer |
//! |---|---|
//! | `POST /search?k=10&min_score=0.0` | products that look like the image in the body, or like other query items |
//! | `GET /products/{product_id}/similar?k=10&min_score=0.0` | products that look like this one |
//! | `GET /products/{product_id}` | one product with all its images |
//! | `POST /uploads` | a link to store an image that is too large for a request body |
//! | `GET /images/{key}` | whether a catalog image is indexed, pending or failed |
//! | `GET /audit?limit=50` | problems of the catalog; disabled unless [`HttpSettings::audit`] is set |
//! | `GET /index` | state of the index |
//! | `GET /health` | `{"status": "ok"}`, without touching any store |
//! | `GET /openapi.json` | this interface as OpenAPI 3.1 |
//! | `GET /` | the shoppers' page, which searches by drop, paste, file or camera |
//! | `GET /status` | the operator's page: whether all is well, and what to do if not |
//! | `GET /docs` | the OpenAPI document as a page |
//!
//! Every error is an RFC 9457 problem (`application/problem+json`) whose `type` is that of a [`ProblemKind`]; every
//! reply carries the request id in `x-request-id`. The cause of an error goes to the log, once, with that id; images and
//! whole requests never do.
//!
//! ```no_run
//! use std::sync::Arc;
//! use lookalike_http::{HttpSettings, router};
//!
//! # async fn serve(searcher: Arc<lookalike_search::Searcher>) -> std::io::Result<()> {
//! let app = router(searcher, HttpSettings::default());
//! let listener = tokio::net::TcpListener::bind(("127.0.0.1", 8080)).await?;
//! axum::serve(listener, app).await
//! # }
//! ```

#![forbid(unsafe_code)]

mod middleware;
mod openapi;
mod origin;
mod problem;
mod raw_target;
mod request;
mod request_id;
mod responses;
mod router;
mod routes;
mod settings;
mod state;

pub use openapi::openapi;
pub use problem::ProblemKind;
pub use raw_target::refuse_raw_target;
pub use request_id::RequestId;
pub use router::router;
pub use settings::{AuditLimits, CacheSettings, HttpSettings};
