//! A picture that could not be indexed.

use lookalike_core::ImageRecord;
use serde::Serialize;
use utoipa::ToSchema;

/// A picture that could not be indexed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FailedPicture)]
pub(crate) struct FailureReply {
    /// Key of the object.
    key: String,
    /// The product that it shows.
    product_id: String,
    /// Why, in a word for programs.
    #[schema(example = "corrupt")]
    code: String,
    /// Why, and what to do about it.
    reason: String,
    /// When that was found, as RFC 3339 in UTC.
    #[schema(example = "2026-01-31T12:00:00Z")]
    at: String,
}

impl FailureReply {
    /// What a record says; `None` of a picture that was indexed.
    pub(crate) fn of(record: ImageRecord) -> Option<Self> {
        let failure = record.failure?;
        Some(Self {
            key: record.key,
            product_id: record.product_id,
            code: failure.code,
            reason: failure.reason,
            at: record.at,
        })
    }
}
