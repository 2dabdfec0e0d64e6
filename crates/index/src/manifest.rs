//! The one mutable object of an index: which segments make it up.
//!
//! Stored as JSON that a person can read: an envelope with format, version and a checksum of the very
//! bytes of the manifest inside.
//!
//! While the encoder of a catalog is changed, the manifest names side indexes too. Such a manifest has
//! another version than one of a single index, so that a release that does not know side indexes
//! refuses it, rather than dropping them with its next publication.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use twox_hash::XxHash3_64;

use crate::calibration::Calibration;
use crate::error::IndexError;
use crate::history::{self, HistoryEntry};
use crate::ids::{Fingerprint, SegmentId};
use crate::recall::Recall;
use crate::segment::SegmentKind;
use crate::side::SideIndex;

const FORMAT: &str = "lookalike manifest";
/// The version of a manifest of one index.
const ALONE: u32 = 1;
/// The version of a manifest with side indexes.
const WITH_SIDES: u32 = 2;
const OBJECT: &str = "manifest";
/// No segment is as large: a hundred million pictures are not.
const MOST_BYTES: u64 = 1 << 38;

/// One generation of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// What identifies the encoder of every vector in the index.
    pub fingerprint: Fingerprint,
    /// The encoder's name, for people.
    pub encoder: String,
    /// Length of every vector.
    pub dimensions: usize,
    /// Grows by one with every published manifest.
    pub generation: u64,
    /// The segments, oldest content first; at most one base, and that in front.
    pub segments: Vec<SegmentEntry>,
    /// Segments that were replaced lately and that slow readers may still want.
    #[serde(default)]
    pub retired: Vec<RetiredSegment>,
    /// Who is rebuilding the base.
    #[serde(default)]
    pub lease: Option<Lease>,
    /// Indexes of other encoders that are kept up to date beside the one that is searched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sides: Vec<SideIndex>,
    /// What the last generations changed, oldest first.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "history::readable"
    )]
    pub history: Vec<HistoryEntry>,
}

/// One segment that is part of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentEntry {
    /// Its name.
    pub id: SegmentId,
    /// What it is for.
    pub kind: SegmentKind,
    /// Rows in it, superseded ones included.
    pub rows: u32,
    /// Size of the object.
    pub bytes: u64,
    /// Length of its header and meta: all that a writer reads.
    pub meta_bytes: u64,
    /// What its graph finds, as measured when it was built; `None` without a graph, and for segments of
    /// version 1, of which nothing was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recall: Option<Recall>,
    /// What scores mean among its rows, as measured when it was built; `None` for deltas, of few rows, and for
    /// what a release built which did not measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
}

impl SegmentEntry {
    /// Whether a segment can have these lengths: readers ask for as much memory.
    fn is_possible(&self) -> bool {
        self.meta_bytes <= self.bytes && self.bytes <= MOST_BYTES
    }
}

/// A segment that is no longer part of the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetiredSegment {
    /// Its name.
    pub id: SegmentId,
    /// When it was replaced, milliseconds since 1970.
    pub at: u64,
}

/// The right to rebuild the base, until it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Who holds it.
    pub owner: String,
    /// When it ends, milliseconds since 1970.
    pub until: u64,
}

#[derive(Deserialize)]
struct Head {
    format: Option<String>,
    version: Option<u32>,
}

#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    format: String,
    version: u32,
    fingerprint: Fingerprint,
    checksum: String,
    #[serde(borrow)]
    manifest: &'a RawValue,
}

impl Manifest {
    /// A manifest of generation 0 without segments: what is there before the first is published.
    pub fn empty(encoder: &str, fingerprint: Fingerprint, dimensions: usize) -> Self {
        Self {
            fingerprint,
            encoder: encoder.to_owned(),
            dimensions,
            generation: 0,
            segments: Vec::new(),
            retired: Vec::new(),
            lease: None,
            sides: Vec::new(),
            history: Vec::new(),
        }
    }

    /// The object to store.
    pub fn encode(&self) -> Vec<u8> {
        let body = serde_json::to_string(self).expect("a manifest is plain data");
        let checksum = checksum(&body);
        let body = RawValue::from_string(body).expect("serde_json wrote it");
        serde_json::to_vec(&Envelope {
            format: FORMAT.to_owned(),
            version: self.version(),
            fingerprint: self.fingerprint,
            checksum,
            manifest: &body,
        })
        .expect("an envelope is plain data")
    }

    /// Reads a stored manifest, of whatever encoder.
    ///
    /// # Errors
    /// [`IndexError::NotOurs`], [`IndexError::Version`], [`IndexError::Checksum`] or
    /// [`IndexError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, IndexError> {
        let head: Option<Head> = serde_json::from_slice(bytes).ok();
        let Some(Head {
            format: Some(format),
            version: Some(version),
        }) = head
        else {
            return Err(not_ours(bytes));
        };
        if format != FORMAT {
            return Err(not_ours(bytes));
        }
        if !(ALONE..=WITH_SIDES).contains(&version) {
            return Err(IndexError::Version {
                object: OBJECT,
                expected: WITH_SIDES,
                found: version,
            });
        }
        let envelope: Envelope<'_> = serde_json::from_slice(bytes).map_err(malformed)?;
        let found = checksum(envelope.manifest.get());
        if found != envelope.checksum {
            return Err(IndexError::Checksum {
                object: OBJECT,
                expected: envelope.checksum,
                found,
            });
        }
        let manifest: Self = serde_json::from_str(envelope.manifest.get()).map_err(malformed)?;
        if manifest.fingerprint != envelope.fingerprint {
            return Err(malformed("the envelope names another encoder"));
        }
        if manifest.version() > version {
            return Err(malformed("it has side indexes, which its version has not"));
        }
        let ids: BTreeSet<SegmentId> = manifest.entries().map(|entry| entry.id).collect();
        if ids.len() != manifest.entries().count() {
            return Err(malformed("it names a segment twice"));
        }
        let scores = |entry: &SegmentEntry| entry.calibration;
        let is_bad = |scores: &Calibration| !scores.is_possible();
        if let Some(bad) = manifest.entries().filter_map(scores).find(is_bad) {
            return Err(malformed(format!("its scores are in no order: {bad:?}")));
        }
        if let Some(entry) = manifest.entries().find(|entry| !entry.is_possible()) {
            let SegmentEntry {
                id,
                bytes,
                meta_bytes,
                ..
            } = entry;
            let reason =
                format!("it says that segment {id} has {bytes} bytes, {meta_bytes} of them meta");
            return Err(malformed(reason));
        }
        let encoders: BTreeSet<Fingerprint> = manifest.fingerprints().collect();
        if encoders.len() != manifest.fingerprints().count() {
            return Err(malformed("it has two indexes of one encoder"));
        }
        Ok(manifest)
    }

    fn version(&self) -> u32 {
        match self.sides.is_empty() {
            true => ALONE,
            false => WITH_SIDES,
        }
    }

    /// Refuses a manifest of another encoder.
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
}

fn checksum(body: &str) -> String {
    format!("{:016x}", XxHash3_64::oneshot(body.as_bytes()))
}

fn not_ours(bytes: &[u8]) -> IndexError {
    let start = &bytes[..bytes.len().min(40)];
    IndexError::NotOurs {
        object: OBJECT,
        found: format!("{:?}", String::from_utf8_lossy(start)),
    }
}

fn malformed(reason: impl ToString) -> IndexError {
    IndexError::Malformed {
        object: OBJECT,
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            generation: 7,
            segments: vec![SegmentEntry {
                id: SegmentId::new(1, 2),
                kind: SegmentKind::Base,
                rows: 3,
                bytes: 4000,
                meta_bytes: 400,
                recall: Some(Recall {
                    found: 3990,
                    expected: 4000,
                }),
                calibration: Some(calibration()),
            }],
            lease: Some(Lease {
                owner: "me".into(),
                until: 12,
            }),
            ..Manifest::empty("test", Fingerprint([7; 32]), 16)
        }
    }

    fn calibration() -> Calibration {
        Calibration {
            same: 0.93,
            variant: 0.875,
            similar: 0.7,
            samples: 1000,
        }
    }

    #[test]
    fn scores_that_cannot_be_are_refused() {
        let mut manifest = manifest();
        manifest.segments[0].calibration = Some(Calibration {
            similar: 0.9,
            ..calibration()
        });
        let read = Manifest::decode(&manifest.encode());
        assert!(
            matches!(read, Err(IndexError::Malformed { .. })),
            "{read:?}"
        );
    }

    #[test]
    fn comes_back_as_it_was() {
        assert_eq!(Manifest::decode(&manifest().encode()).unwrap(), manifest());
    }

    #[test]
    fn any_flipped_byte_is_an_error_or_changes_nothing() {
        let bytes = manifest().encode();
        for i in 0..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[i] ^= 1 << bit;
                if let Ok(read) = Manifest::decode(&damaged) {
                    assert_eq!(read, manifest(), "byte {i}");
                }
            }
        }
    }

    #[test]
    fn a_future_version_is_named() {
        let text = String::from_utf8(manifest().encode()).unwrap();
        let newer = text.replace("\"version\":1", "\"version\":9");
        assert_eq!(
            Manifest::decode(newer.as_bytes()),
            Err(IndexError::Version {
                object: "manifest",
                expected: 2,
                found: 9
            })
        );
    }

    #[test]
    fn a_segment_that_is_named_twice_would_be_found_twice() {
        let mut twice = manifest();
        twice.segments.push(twice.segments[0].clone());
        let read = Manifest::decode(&twice.encode());
        assert!(
            matches!(read, Err(IndexError::Malformed { .. })),
            "{read:?}"
        );
    }

    #[test]
    fn impossible_lengths_are_refused() {
        for (bytes, meta_bytes) in [(1 << 60, 400), (4000, 4001), (u64::MAX, u64::MAX)] {
            let mut bomb = manifest();
            bomb.segments[0].bytes = bytes;
            bomb.segments[0].meta_bytes = meta_bytes;
            let read = Manifest::decode(&bomb.encode());
            assert!(
                matches!(&read, Err(IndexError::Malformed { reason, .. }) if reason.contains(&bytes.to_string())),
                "{read:?}"
            );
        }
    }

    #[test]
    fn foreign_objects_are_named() {
        for foreign in ["", "{}", "<html>", "{\"format\":\"x\",\"version\":1}"] {
            let read = Manifest::decode(foreign.as_bytes());
            assert!(matches!(read, Err(IndexError::NotOurs { .. })), "{foreign}");
        }
    }
}
