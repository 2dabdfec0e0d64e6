//! The one mutable object of an index, which lists its segments.
//!
//! Stored as JSON that a person can read: an envelope with format, version and a checksum of the exact
//! bytes of the manifest inside.
//!
//! While a catalog changes its encoder, the manifest also names standby indexes. Such a manifest has another version
//! than one of a single index, so that a release that does not know standby indexes refuses it: otherwise its next
//! publication would drop them. For the same reason, a manifest with a vector base has a version of its own.

mod codec;
mod doomed;
mod fence;
mod history;
mod indexes;
mod segment_entry;
mod standby_index;

use serde::{Deserialize, Serialize};

use crate::error::IndexError;
use crate::ids::Fingerprint;
use crate::segment::SegmentKind;
use crate::vector_base::VectorBaseEntry;
pub use doomed::{Collection, DoomedSegments, MAX_DOOMED};
pub use history::{Changed, HistoryEntry, MAX_HISTORY_ENTRIES, Step};
pub use segment_entry::{Lease, RetiredSegment, SegmentEntry};
pub use standby_index::{Role, StandbyIndex};

const OBJECT: &str = "manifest";

/// One generation of an index, and of its standby indexes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Identifies the encoder of every vector in the index.
    pub fingerprint: Fingerprint,
    /// The encoder's name, for people.
    pub encoder: String,
    /// Length of every vector.
    pub dimensions: usize,
    /// Grows by one with every published manifest.
    pub generation: u64,
    /// The segments, oldest content first; at most one base, which comes first.
    pub segments: Vec<SegmentEntry>,
    /// The vector base, whose rows are older than those of all deltas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector_base: Option<VectorBaseEntry>,
    /// Segments that were replaced lately and that slow readers may still need.
    #[serde(default)]
    pub retired: Vec<RetiredSegment>,
    /// Segments that no writer may name and that will be removed, oldest group first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doomed: Vec<DoomedSegments>,
    /// The highest generation whose group was dropped from `doomed`, 0 if none was. `None` if the release that published
    /// this manifest does not know `doomed`; see [`forgotten_generation`](Self::forgotten_generation).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forgotten: Option<u64>,
    /// The lease of the writer that is rebuilding the base.
    #[serde(default)]
    pub lease: Option<Lease>,
    /// Indexes of other encoders that are kept up to date but not searched.
    #[serde(default, rename = "sides", skip_serializing_if = "Vec::is_empty")]
    pub standby_indexes: Vec<StandbyIndex>,
    /// Changes of the last generations, oldest first.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "history::deserialize_known"
    )]
    pub history: Vec<HistoryEntry>,
}

impl Manifest {
    /// Makes a manifest of generation 0 without segments, which stands for an index before its first publication.
    pub fn empty(encoder: &str, fingerprint: Fingerprint, dimensions: usize) -> Self {
        Self {
            fingerprint,
            encoder: encoder.to_owned(),
            dimensions,
            generation: 0,
            segments: Vec::new(),
            vector_base: None,
            retired: Vec::new(),
            doomed: Vec::new(),
            forgotten: None,
            lease: None,
            standby_indexes: Vec::new(),
            history: Vec::new(),
        }
    }

    /// Returns the vector base, if it is searched.
    pub fn serving_base(&self) -> Option<&VectorBaseEntry> {
        self.vector_base.as_ref().filter(|entry| entry.is_serving)
    }

    /// Returns the base segment, if there is one.
    pub fn base_segment(&self) -> Option<&SegmentEntry> {
        let first = self.segments.first();
        first.filter(|entry| entry.kind == SegmentKind::Base)
    }

    /// Rejects a manifest of another encoder.
    ///
    /// # Errors
    /// [`IndexError::Fingerprint`].
    pub fn expect_encoder(&self, expected: Fingerprint) -> Result<(), IndexError> {
        if self.fingerprint == expected {
            return Ok(());
        }
        Err(IndexError::Fingerprint {
            object: OBJECT,
            expected,
            found: self.fingerprint,
        })
    }

    /// Records the changes of this generation, and drops the oldest entry if there are too many.
    /// `at` is in milliseconds since 1970.
    pub fn record(&mut self, at: u64, changed: Changed) {
        let generation = self.generation;
        self.history.retain(|entry| entry.generation < generation);
        self.history.push(HistoryEntry {
            generation,
            at,
            changed,
        });
        let excess = self.history.len().saturating_sub(MAX_HISTORY_ENTRIES);
        self.history.drain(..excess);
    }
}
