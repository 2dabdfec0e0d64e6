//! Indexes that are kept beside the serving one.

use serde::{Deserialize, Serialize};

use super::segment_entry::{Lease, SegmentEntry};
use crate::ids::Fingerprint;
use crate::vector_base::VectorBaseEntry;

/// The purpose of a standby index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The index is being built, to be searched later.
    Building,
    /// The index was searched before, and can be again.
    Previous,
}

impl Role {
    /// Returns `building` or `previous`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Previous => "previous",
        }
    }
}

/// An index of another encoder that is kept up to date but not searched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandbyIndex {
    /// Purpose of the index.
    pub role: Role,
    /// Identifies the encoder of every vector in it.
    pub fingerprint: Fingerprint,
    /// The encoder's name, for people.
    pub encoder: String,
    /// Length of every vector.
    pub dimensions: usize,
    /// The segments, oldest content first; at most one base, which comes first.
    pub segments: Vec<SegmentEntry>,
    /// The vector base, whose rows are older than those of all deltas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector_base: Option<VectorBaseEntry>,
    /// The lease of the writer that is rebuilding the base.
    #[serde(default)]
    pub lease: Option<Lease>,
}
