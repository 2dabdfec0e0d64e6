//! The state of the index.

use lookalike_core::SegmentId;
use lookalike_search::{
    EncoderInfo, FilterableInfo, IndexInfo, IndexState, SegmentInfo, StandbyInfo,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::digest::digest;
use super::failure::FailureReply;
use super::generation::GenerationReply;

/// Which index gave the answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IndexState)]
pub(crate) struct IndexReply {
    /// Grows by one with every published change; 0 before the first.
    generation: u64,
    /// Pictures that can be found.
    images: u64,
    /// Distinct products among them.
    products: u64,
    /// Its newest segment.
    #[serde(skip)]
    newest: Option<SegmentId>,
    /// Only when the index could not be refreshed and the last good one was used: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stale: Option<String>,
}

/// The state of the index in full.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IndexInfo)]
pub struct IndexInfoReply {
    /// Counts and generation.
    #[serde(flatten)]
    state: IndexReply,
    /// What embeds the queries, and made the index.
    encoder: EncoderReply,
    /// What the index consists of, oldest first.
    segments: Vec<SegmentReply>,
    /// Pictures that could not be indexed.
    failed: u64,
    /// Those of them that failed last, the last first, 50 at most.
    failures: Vec<FailureReply>,
    /// What can be filtered by, by name.
    filterable: Vec<FilterableReply>,
    /// Only while the encoder is changed: indexes of other encoders that are kept beside this one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    side_indexes: Vec<SideIndexReply>,
    /// What the last generations changed, newest first, 20 at most. Those that an earlier release published are not
    /// there.
    history: Vec<GenerationReply>,
    /// Only when the service was given another encoder than the index has: that encoder. It is used
    /// once the catalog is indexed with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    configured_encoder: Option<EncoderReply>,
}

/// An attribute that can be filtered by.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Filterable)]
pub(crate) struct FilterableReply {
    /// Its name.
    name: String,
    /// What its values are: `text`, `number`, `boolean`, `list of texts`, or several of them with `or` between;
    /// `nothing` where it is declared and no picture has it.
    #[serde(rename = "type")]
    #[schema(example = "number")]
    types: String,
    /// Products of which a picture has it.
    products: u64,
}

/// An index beside the one that is searched.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SideIndex)]
pub(crate) struct SideIndexReply {
    /// `building`, to be searched once it is complete, or `previous`, searched before.
    #[schema(value_type = String, example = "building")]
    role: &'static str,
    /// What made it.
    encoder: EncoderReply,
    /// Rows in its segments, superseded ones included.
    rows: u64,
    /// Size of its segments in bytes.
    bytes: u64,
    /// Whether its encoder can be had; without it, the index is not kept up to date.
    available: bool,
}

/// An encoder.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Encoder)]
pub(crate) struct EncoderReply {
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
pub(crate) struct SegmentReply {
    /// `base` or `delta`.
    #[schema(value_type = String, example = "base")]
    kind: &'static str,
    /// Rows in it, superseded ones included.
    rows: u64,
    /// Size of the object in bytes.
    bytes: u64,
    /// Share of the ten most similar pictures that its graph finds, 0 to 1, as measured when it was built.
    /// Not there without a graph, where every picture is looked at, which finds all; nor of a graph that a
    /// release built which did not measure.
    #[serde(skip_serializing_if = "Option::is_none")]
    recall: Option<f64>,
}

impl IndexReply {
    /// The generation.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// A tag of what this index, and no other of the same generation, says to something, or says itself: `g`, the
    /// generation, `-`, and a digest. `None` for what is no JSON.
    pub(crate) fn tag(&self, said: &[u8]) -> Option<String> {
        let index = serde_json::to_vec(&(self, self.newest)).ok()?;
        Some(format!("g{}-{}", self.generation, digest([&index, said])))
    }
}

impl IndexInfoReply {
    /// Whether the state is older than the stored one.
    pub(crate) fn is_stale(&self) -> bool {
        self.state.stale.is_some()
    }
}

impl From<IndexState> for IndexReply {
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

impl From<IndexInfo> for IndexInfoReply {
    fn from(info: IndexInfo) -> Self {
        Self {
            state: info.state.into(),
            encoder: EncoderReply {
                name: info.encoder_name,
                fingerprint: info.fingerprint.to_string(),
                dimensions: info.dimensions,
            },
            segments: info.segments.into_iter().map(SegmentReply::from).collect(),
            failed: info.failed,
            failures: info
                .failures
                .into_iter()
                .filter_map(FailureReply::of)
                .collect(),
            filterable: info
                .filterable
                .into_iter()
                .map(FilterableReply::from)
                .collect(),
            side_indexes: info.sides.into_iter().map(SideIndexReply::from).collect(),
            history: info
                .history
                .into_iter()
                .map(GenerationReply::from)
                .collect(),
            configured_encoder: info.configured.map(EncoderReply::from),
        }
    }
}

impl From<FilterableInfo> for FilterableReply {
    fn from(info: FilterableInfo) -> Self {
        Self {
            name: info.name,
            types: info.types,
            products: info.products,
        }
    }
}

impl From<EncoderInfo> for EncoderReply {
    fn from(encoder: EncoderInfo) -> Self {
        Self {
            name: encoder.name,
            fingerprint: encoder.fingerprint.to_string(),
            dimensions: encoder.dimensions,
        }
    }
}

impl From<StandbyInfo> for SideIndexReply {
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

impl From<SegmentInfo> for SegmentReply {
    fn from(segment: SegmentInfo) -> Self {
        Self {
            kind: segment.kind,
            rows: segment.rows,
            bytes: segment.bytes,
            recall: segment.recall,
        }
    }
}
