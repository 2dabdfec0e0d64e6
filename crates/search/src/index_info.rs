//! The state of the index. It is serialized as it is, like an [`Answer`](crate::Answer).

use lookalike_core::model::ImageRecord;
use lookalike_index::{Fingerprint, Role, SegmentId, Step};
use serde::Serialize;
use utoipa::ToSchema;

use crate::vector_base_info::VectorBaseInfo;

/// The index that gave the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct IndexState {
    /// Grows by one with every published change; 0 before the first.
    pub generation: u64,
    /// Searchable images.
    pub images: u64,
    /// Distinct products among them; absent for an index with a vector base, which does not count them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub products: Option<u64>,
    /// Its newest segment. It tells this index from one that was made again and has come to the same generation.
    #[serde(skip)]
    pub newest: Option<SegmentId>,
    /// The reason why the index could not be refreshed; absent if the answer is from the newest index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale: Option<String>,
}

/// The state of the index in full.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IndexInfo {
    /// Counts and generation.
    #[serde(flatten)]
    pub state: IndexState,
    /// The encoder of the index and of the queries.
    pub encoder: EncoderInfo,
    /// The segments of the index, oldest first.
    pub segments: Vec<SegmentInfo>,
    /// The vector base; absent for an index of segments alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector_base: Option<VectorBaseInfo>,
    /// Number of images that could not be indexed.
    pub failed: u64,
    /// The last failures, newest first, at most 50; empty where the operator does not show them to callers.
    pub failures: Vec<FailedImage>,
    /// Attributes for filters, by name.
    pub filterable: Vec<FilterableInfo>,
    /// Indexes of other encoders, kept during a change of the encoder; absent otherwise.
    #[serde(rename = "side_indexes", skip_serializing_if = "Vec::is_empty")]
    pub standby_indexes: Vec<StandbyInfo>,
    /// Changes of the last generations, newest first, at most 20. Generations of early releases are left out.
    pub history: Vec<GenerationInfo>,
    /// The configured encoder, if it is not that of the index. It is used after the catalog is indexed with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configured_encoder: Option<EncoderInfo>,
}

/// An encoder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Encoder)]
pub struct EncoderInfo {
    /// Its name.
    pub name: String,
    /// SHA-256 of its model and preprocessing, in hexadecimal.
    #[schema(value_type = String)]
    pub fingerprint: Fingerprint,
    /// Length of its vectors.
    pub dimensions: usize,
}

/// One segment of the index.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Segment)]
pub struct SegmentInfo {
    /// `base` or `delta`.
    #[schema(value_type = String, example = "base")]
    pub kind: &'static str,
    /// Rows in it, including deleted ones.
    pub rows: u64,
    /// Size of the object in bytes.
    pub bytes: u64,
    /// Recall of its graph at ten results, 0 to 1, measured when it was built. Absent without a graph, since then every
    /// image is compared, and of graphs from releases that did not measure it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recall: Option<f64>,
}

/// An image that could not be indexed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = FailedPicture)]
pub struct FailedImage {
    /// Key of the object.
    pub key: String,
    /// The product that it shows.
    pub product_id: String,
    /// The reason as a word for programs.
    #[schema(example = "corrupt")]
    pub code: String,
    /// The reason, and what to do about it.
    pub reason: String,
    /// Time of the failure, RFC 3339 in UTC.
    #[schema(example = "2026-01-31T12:00:00Z")]
    pub at: String,
}

/// An attribute for filters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Filterable)]
pub struct FilterableInfo {
    /// Its name.
    pub name: String,
    /// Type of its values: `text`, `number`, `boolean`, `list of texts`, or several of them joined by `or`; `nothing` if
    /// it is declared, but no image has it.
    #[serde(rename = "type")]
    #[schema(example = "number")]
    pub types: String,
    /// Products with an image that has it.
    pub products: u64,
}

/// An index of another encoder, which searches do not use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SideIndex)]
pub struct StandbyInfo {
    /// `building` if searches will use it, or `previous` if they did before.
    #[schema(value_type = String, example = "building")]
    pub role: &'static str,
    /// Its encoder.
    pub encoder: EncoderInfo,
    /// Rows in its segments, including deleted ones.
    pub rows: u64,
    /// Size of its segments in bytes.
    pub bytes: u64,
    /// True if its encoder can be loaded; otherwise the index is not kept up to date.
    pub available: bool,
}

/// The changes of one generation. Absent counts are 0. The counts are about the searched index, or about another one if
/// only that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Generation)]
pub struct GenerationInfo {
    /// The generation.
    pub generation: u64,
    /// Time of its publication, RFC 3339 in UTC.
    #[schema(example = "2026-01-31T12:00:00Z")]
    pub published: String,
    /// Its changes in words.
    #[schema(example = "3 images added, 1 image removed")]
    pub summary: String,
    /// New images.
    #[serde(skip_serializing_if = "is_zero")]
    pub added: u64,
    /// Images with a new version or another product.
    #[serde(skip_serializing_if = "is_zero")]
    pub replaced: u64,
    /// Removed images.
    #[serde(skip_serializing_if = "is_zero")]
    pub removed: u64,
    /// Images of which only the attributes changed.
    #[serde(skip_serializing_if = "is_zero")]
    pub updated: u64,
    /// Deltas that were merged into one.
    #[serde(skip_serializing_if = "is_zero")]
    pub merged: u64,
    /// Rows of a base that was rebuilt.
    #[serde(skip_serializing_if = "is_zero")]
    pub rebuilt: u64,
    /// Another step: `rebuild_begun`, `rebuild_given_up`, `encoder_begun`, `encoder_switched`,
    /// `encoder_given_up`, `started_over`, `rolled_back`, `garbage_collected`, `vector_base_begun`,
    /// `vector_base_switched`, `vector_base_given_up`, `vector_base_finished`, `vector_base_filled`, `drained`, or
    /// `other` for steps of a later release.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "rebuild_begun")]
    pub step: Option<Step>,
    /// The role of the changed index, if it is not the searched one.
    #[serde(rename = "side", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "building")]
    pub standby: Option<Role>,
}

impl FailedImage {
    /// Returns `None` if the image of the record was indexed.
    pub fn of(record: ImageRecord) -> Option<Self> {
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}
