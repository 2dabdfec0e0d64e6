//! The JSON of replies. Names and types are a contract: other programs rely on them.

mod audit;
mod digest;
mod failure;
mod generation;
mod image;
mod index;
mod product;
mod search;

use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use audit::AuditResponse;
pub(crate) use image::ImageStateResponse;
pub use index::IndexInfoResponse;
pub(crate) use index::IndexStateResponse;
pub(crate) use product::{ProductResponse, UploadResponse};
pub use search::SearchResponse;

/// The state of the service.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthResponse {
    /// Always `ok`.
    #[schema(value_type = String, example = "ok")]
    pub(crate) status: &'static str,
}
