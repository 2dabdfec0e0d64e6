//! What the last generations of the index changed.

use lookalike_core::{Role, Step};
use lookalike_search::GenerationInfo;
use serde::Serialize;
use utoipa::ToSchema;

/// What a generation changed. Counts that are not there are 0. What is counted is the searched index, or, where only
/// another one changed, that.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Generation)]
pub(crate) struct GenerationReply {
    /// The generation.
    generation: u64,
    /// When it was published, as RFC 3339 in UTC.
    #[schema(example = "2026-01-31T12:00:00Z")]
    published: String,
    /// What it changed, in words.
    #[schema(example = "3 pictures added, 1 picture removed")]
    summary: String,
    /// Pictures that were not there before.
    #[serde(skip_serializing_if = "is_zero")]
    added: u64,
    /// Pictures that are there in another version, or of another product.
    #[serde(skip_serializing_if = "is_zero")]
    replaced: u64,
    /// Pictures that are gone.
    #[serde(skip_serializing_if = "is_zero")]
    removed: u64,
    /// Pictures of which nothing changed but the attributes.
    #[serde(skip_serializing_if = "is_zero")]
    updated: u64,
    /// Deltas that were joined into one.
    #[serde(skip_serializing_if = "is_zero")]
    merged: u64,
    /// Rows of a base that was built anew.
    #[serde(skip_serializing_if = "is_zero")]
    rebuilt: u64,
    /// What else was done: `rebuild_begun`, `rebuild_given_up`, `encoder_begun`, `encoder_switched`,
    /// `encoder_given_up`, `started_over`, or `other`, of a later release.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "rebuild_begun")]
    step: Option<Step>,
    /// The role of the index that changed, where that is not the searched one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "building")]
    side: Option<&'static str>,
}

impl From<GenerationInfo> for GenerationReply {
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
