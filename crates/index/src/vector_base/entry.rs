//! The vector base of an index, as its manifest lists it.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::layout::VectorBaseLayout;
use crate::ids::SegmentId;
use crate::manifest::SegmentEntry;
use crate::match_thresholds::MatchThresholds;

/// Maximum bytes of a name.
const MAX_NAME: usize = 64;

/// The name of a vector base: up to 64 lower-case letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BaseName(String);

/// Error of a text that is not the name of a vector base.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no name of a vector base: it has 1 to {MAX_NAME} lower-case letters, digits and hyphens"
)]
pub struct BadBaseName(String);

impl BaseName {
    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BaseName {
    type Err = BadBaseName;

    fn from_str(text: &str) -> Result<Self, BadBaseName> {
        let is_allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        match (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(is_allowed) {
            true => Ok(Self(text.to_owned())),
            false => Err(BadBaseName(text.chars().take(MAX_NAME).collect())),
        }
    }
}

impl Serialize for BaseName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for BaseName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// The oldest deltas of an index, whose rows were written to the vector base. They stay until searches of the base show
/// these rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenDeltas {
    /// The deltas, oldest first.
    pub segments: Vec<SegmentId>,
    /// The time at which they were written, milliseconds since 1970.
    pub at: u64,
}

/// The vector base of an index.
///
/// While it is filled, the index still has a base segment, whose rows are copied. Once it serves, that segment is
/// [`replaced`](Self::replaced): the index can go back to it until that is finished, and until then no delta is drained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VectorBaseEntry {
    /// The name of the base in its engine.
    pub name: BaseName,
    /// Slots and fields.
    pub layout: VectorBaseLayout,
    /// True if it is searched, false while it is filled.
    pub is_serving: bool,
    /// Number of live rows of the index, in this base and in deltas; 0 while it is filled.
    pub images: u64,
    /// The generation with which `images` was corrected last: rows that a backfill writes come without one, so they are
    /// counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<u64>,
    /// The number of the process that wrote rows last. A write of a row takes effect only if no process with a higher
    /// number wrote it, so one that slept cannot bring an older row back.
    pub writer: u64,
    /// Positions of the fields whose attribute is a list in at least one row: a search for a value of such a field asks
    /// for lists, too.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub lists: BTreeSet<usize>,
    /// The deltas whose rows were written to the base last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<WrittenDeltas>,
    /// The base segment that the vector base has taken the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<SegmentEntry>,
    /// Thresholds of the scores of its rows.
    #[serde(
        default,
        rename = "calibration",
        skip_serializing_if = "Option::is_none"
    )]
    pub match_thresholds: Option<MatchThresholds>,
}

impl VectorBaseEntry {
    /// True if this is an entry that this release can use.
    pub(crate) fn is_possible(&self) -> bool {
        self.layout.is_possible() && (self.is_serving || self.replaced.is_none())
    }
}
