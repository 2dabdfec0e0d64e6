//! The state of the index.

use lookalike_core::SegmentId;
use lookalike_search::{
    EncoderInfo, FilterableInfo, IndexInfo, IndexState, SegmentInfo, StandbyInfo,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::digest::digest;
use super::failure::FailureResponse;
use super::generation::GenerationResponse;

/// The index that gave the answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IndexState)]
pub(crate) struct IndexStateResponse {
    /// Grows by one with every published change; 0 before the first.
    generation: u64,
    /// Searchable images.
    images: u64,
    /// Distinct products among them.
    products: u64,
    /// Its newest segment.
    #[serde(skip)]
    newest: Option<SegmentId>,
    /// The reason why the index could not be refreshed; absent if the answer is from the newest index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stale: Option<String>,
}

/// The state of the index in full.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IndexInfo)]
pub struct IndexInfoResponse {
    /// Counts and generation.
    #[serde(flatten)]
    state: IndexStateResponse,
    /// The encoder of the index and of the queries.
    encoder: EncoderResponse,
    /// The segments of the index, oldest first.
    segments: Vec<SegmentResponse>,
    /// Number of images that could not be indexed.
    failed: u64,
    /// The last failures, newest first, at most 50.
    failures: Vec<FailureResponse>,
    /// Attributes for filters, by name.
    filterable: Vec<FilterableResponse>,
    /// Indexes of other encoders, kept during a change of the encoder; absent otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    side_indexes: Vec<StandbyIndexResponse>,
    /// Changes of the last generations, newest first, at most 20. Generations of early releases are left out.
    history: Vec<GenerationResponse>,
    /// The configured encoder, if it is not that of the index. It is used after the catalog is indexed with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    configured_encoder: Option<EncoderResponse>,
}

/// An attribute for filters.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Filterable)]
pub(crate) struct FilterableResponse {
    /// Its name.
    name: String,
    /// Type of its values: `text`, `number`, `boolean`, `list of texts`, or several of them joined by `or`; `nothing` if
    /// it is declared, but no image has it.
    #[serde(rename = "type")]
    #[schema(example = "number")]
    types: String,
    /// Products with an image that has it.
    products: u64,
}

/// An index of another encoder, which searches do not use.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SideIndex)]
pub(crate) struct StandbyIndexResponse {
    /// `building` if searches will use it, or `previous` if they did before.
    #[schema(value_type = String, example = "building")]
    role: &'static str,
    /// Its encoder.
    encoder: EncoderResponse,
    /// Rows in its segments, including deleted ones.
    rows: u64,
    /// Size of its segments in bytes.
    bytes: u64,
    /// True if its encoder can be loaded; otherwise the index is not kept up to date.
    available: bool,
}

/// An encoder.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Encoder)]
pub(crate) struct EncoderResponse {
    /// Its name.
    name: String,
    /// SHA-256 of its model and preprocessing, in hexadecimal.
    fingerprint: String,
    /// Length of its vectors.
    dimensions: usize,
}

/// One segment of the index.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Segment)]
pub(crate) struct SegmentResponse {
    /// `base` or `delta`.
    #[schema(value_type = String, example = "base")]
    kind: &'static str,
    /// Rows in it, including deleted ones.
    rows: u64,
    /// Size of the object in bytes.
    bytes: u64,
    /// Recall of its graph at ten results, 0 to 1, measured when it was built. Absent without a graph, since then every
    /// image is compared, and of graphs from releases that did not measure it.
    #[serde(skip_serializing_if = "Option::is_none")]
    recall: Option<f64>,
}

impl IndexStateResponse {
    /// Returns the generation.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns an entity tag of `content` for this index: `g`, the generation, `-`, and a digest of both. The digest tells
    /// indexes of the same generation apart. `None` if the index cannot be serialized.
    pub(crate) fn tag(&self, content: &[u8]) -> Option<String> {
        let index = serde_json::to_vec(&(self, self.newest)).ok()?;
        Some(format!(
            "g{}-{}",
            self.generation,
            digest([&index, content])
        ))
    }
}

impl IndexInfoResponse {
    /// True if the state is older than the stored one.
    pub(crate) fn is_stale(&self) -> bool {
        self.state.stale.is_some()
    }
}

impl From<IndexState> for IndexStateResponse {
    fn from(state: IndexState) -> Self {
        Self {
            generation: state.generation,
            images: state.images,
            products: state.products,
            newest: state.newest,
            stale: state.stale,
        }
    }
}

impl From<IndexInfo> for IndexInfoResponse {
    fn from(info: IndexInfo) -> Self {
        Self {
            state: info.state.into(),
            encoder: EncoderResponse {
                name: info.encoder_name,
                fingerprint: info.fingerprint.to_string(),
                dimensions: info.dimensions,
            },
            segments: info
                .segments
                .into_iter()
                .map(SegmentResponse::from)
                .collect(),
            failed: info.failed,
            failures: info
                .failures
                .into_iter()
                .filter_map(FailureResponse::of)
                .collect(),
            filterable: info
                .filterable
                .into_iter()
                .map(FilterableResponse::from)
                .collect(),
            side_indexes: info
                .sides
                .into_iter()
                .map(StandbyIndexResponse::from)
                .collect(),
            history: info
                .history
                .into_iter()
                .map(GenerationResponse::from)
                .collect(),
            configured_encoder: info.configured.map(EncoderResponse::from),
        }
    }
}

impl From<FilterableInfo> for FilterableResponse {
    fn from(info: FilterableInfo) -> Self {
        Self {
            name: info.name,
            types: info.types,
            products: info.products,
        }
    }
}

impl From<EncoderInfo> for EncoderResponse {
    fn from(encoder: EncoderInfo) -> Self {
        Self {
            name: encoder.name,
            fingerprint: encoder.fingerprint.to_string(),
            dimensions: encoder.dimensions,
        }
    }
}

impl From<StandbyInfo> for StandbyIndexResponse {
    fn from(side: StandbyInfo) -> Self {
        Self {
            role: side.role,
            encoder: side.encoder.into(),
            rows: side.rows,
            bytes: side.bytes,
            available: side.available,
        }
    }
}

impl From<SegmentInfo> for SegmentResponse {
    fn from(segment: SegmentInfo) -> Self {
        Self {
            kind: segment.kind,
            rows: segment.rows,
            bytes: segment.bytes,
            recall: segment.recall,
        }
    }
}
