//! The JSON that goes out. Names and types are a contract: other programs rely on them.

mod digest;
mod failure;
mod generation;
mod image;
mod index;
mod product;
mod search;

use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use image::ImageStateReply;
pub use index::IndexInfoReply;
pub(crate) use index::IndexReply;
pub(crate) use product::{ProductReply, UploadReply};
pub use search::SearchReply;

/// Says that the service runs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthReply {
    /// Always `ok`.
    #[schema(value_type = String, example = "ok")]
    pub(crate) status: &'static str,
}
