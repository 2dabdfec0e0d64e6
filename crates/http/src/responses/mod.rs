//! Replies that only HTTP has: all others are the view types of [`lookalike_search`], as they are.

mod audit;
mod entity_tag;
mod serialized_answer;

use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use audit::AuditResponse;
pub(crate) use entity_tag::entity_tag;
pub(crate) use serialized_answer::SerializedAnswer;

/// The state of the service.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthResponse {
    /// Always `ok`.
    #[schema(value_type = String, example = "ok")]
    pub(crate) status: &'static str,
}
