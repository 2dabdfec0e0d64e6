//! The HTTP interface of lookalike: an axum router over [`lookalike_search::Searcher`].
//!
//! [`router`] gives one plain [`axum::Router`] that a local listener serves as it is and that
//! `lambda_http` drives in a Lambda function. It holds no state but the searcher and its
//! [`HttpSettings`], reads no environment and opens no port.
//!
//! | request | answer |
//! |---|---|
//! | `POST /search?k=10&min_score=0.0` | products that look like the picture in the body, or like other things |
//! | `GET /products/{product_id}/similar?k=10&min_score=0.0` | products that look like this one |
//! | `GET /products/{product_id}` | one product with all its pictures |
//! | `POST /uploads` | a link to store a picture that is too large for a request body |
//! | `GET /images/{key}` | what became of a catalog picture |
//! | `GET /audit?limit=50` | what is wrong with the catalog; off unless [`HttpSettings::audit`] says otherwise |
//! | `GET /index` | state of the index |
//! | `GET /health` | `{"status": "ok"}`, without touching any store |
//! | `GET /openapi.json` | this interface as OpenAPI 3.1 |
//! | `GET /` | a page that searches by drop, paste, file or camera |
//! | `GET /status` | a page for the operator: whether all is well, and what to do if not |
//! | `GET /docs` | a page that shows this interface |
//!
//! Every error, whatever raised it, is an RFC 9457 problem (`application/problem+json`) whose `type`
//! is one of [`ProblemKind`]'s; every reply carries the request id in `x-request-id`. The cause of an
//! error goes to the log, once, with that id; pictures and whole requests never do.
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

mod audit_reply;
mod openapi;
mod problem;
mod reply;
mod request;
mod request_id;
mod router;
mod routes;
mod settings;
mod shell;

pub use openapi::openapi;
pub use problem::ProblemKind;
pub use reply::{IndexInfoReply, SearchReply};
pub use request_id::RequestId;
pub use router::router;
pub use settings::{AuditLimits, CacheSettings, HttpSettings};
