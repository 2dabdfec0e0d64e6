//! The changes of the last generations of the index.

use lookalike_core::{Role, Step};
use lookalike_search::GenerationInfo;
use serde::Serialize;
use utoipa::ToSchema;

/// The changes of one generation. Absent counts are 0. The counts are about the searched index, or about another one if
/// only that changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Generation)]
pub(crate) struct GenerationResponse {
    /// The generation.
    generation: u64,
    /// Time of its publication, RFC 3339 in UTC.
    #[schema(example = "2026-01-31T12:00:00Z")]
    published: String,
    /// Its changes in words.
    #[schema(example = "3 pictures added, 1 picture removed")]
    summary: String,
    /// New images.
    #[serde(skip_serializing_if = "is_zero")]
    added: u64,
    /// Images with a new version or another product.
    #[serde(skip_serializing_if = "is_zero")]
    replaced: u64,
    /// Removed images.
    #[serde(skip_serializing_if = "is_zero")]
    removed: u64,
    /// Images of which only the attributes changed.
    #[serde(skip_serializing_if = "is_zero")]
    updated: u64,
    /// Deltas that were merged into one.
    #[serde(skip_serializing_if = "is_zero")]
    merged: u64,
    /// Rows of a base that was rebuilt.
    #[serde(skip_serializing_if = "is_zero")]
    rebuilt: u64,
    /// Another step: `rebuild_begun`, `rebuild_given_up`, `encoder_begun`, `encoder_switched`,
    /// `encoder_given_up`, `started_over`, or `other` for steps of a later release.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "rebuild_begun")]
    step: Option<Step>,
    /// The role of the changed index, if it is not the searched one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "building")]
    side: Option<&'static str>,
}

impl From<GenerationInfo> for GenerationResponse {
    fn from(info: GenerationInfo) -> Self {
        let changed = info.changed;
        Self {
            generation: info.generation,
            published: info.published,
            summary: info.summary,
            added: changed.added,
            replaced: changed.replaced,
            removed: changed.removed,
            updated: changed.updated,
            merged: changed.merged,
            rebuilt: changed.rebuilt,
            step: changed.step,
            side: changed.standby.map(Role::name),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}
