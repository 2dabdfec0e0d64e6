//! The first 128 bytes of a segment.

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use crate::dot::MAX_DIMENSIONS;
use crate::error::IndexError;
use crate::ids::{Fingerprint, SegmentId};
use crate::quantise::Axes;
use crate::recall::{self, Recall};

/// Length of a segment's header.
pub const HEADER_BYTES: usize = 128;

const MAGIC: [u8; 8] = *b"lookseg\0";
/// The version that is written. Since version 2, vectors are turned, there is a measured recall, and of a graph
/// only the bottom layer is stored.
const VERSION: u32 = 2;
const OLDEST_VERSION: u32 = 1;
const OBJECT: &str = "segment";

/// What a segment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SegmentKind {
    /// The large segment that everything before it was rebuilt into; with a graph when it is large.
    Base,
    /// What a batch of events changed, or several such deltas merged; searched exactly.
    Delta,
}

impl SegmentKind {
    /// `base` or `delta`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Delta => "delta",
        }
    }
}

/// The decoded header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: SegmentKind,
    pub(crate) id: SegmentId,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) dimensions: u32,
    pub(crate) rows: u32,
    /// Distinct vectors.
    pub(crate) nodes: u32,
    /// Layers of the graph, 0 without one.
    pub(crate) layers: u32,
    /// What the vectors' components are measured along: what the version says.
    pub(crate) axes: Axes,
    /// Candidates that a walk needs to find the best few, 0 where that was not measured.
    pub(crate) candidates: u16,
    /// What it finds then.
    pub(crate) recall: Option<Recall>,
    /// Length of header and meta together.
    pub(crate) meta_bytes: u64,
    /// Length of the whole segment.
    pub(crate) total_bytes: u64,
    pub(crate) meta_checksum: u64,
    pub(crate) body_checksum: u64,
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut out = Vec::with_capacity(HEADER_BYTES);
        out.extend(MAGIC);
        let version = match self.axes {
            Axes::Original => OLDEST_VERSION,
            Axes::Turned => VERSION,
        };
        out.extend(version.to_le_bytes());
        // The second byte is zero; readers ignore it.
        out.extend(match self.kind {
            SegmentKind::Delta => [0, 0],
            SegmentKind::Base => [1, 0],
        });
        out.extend(self.candidates.to_le_bytes());
        out.extend(self.id.to_bytes());
        out.extend(self.fingerprint.0);
        for count in [self.dimensions, self.rows, self.nodes, self.layers] {
            out.extend(count.to_le_bytes());
        }
        for long in [
            self.meta_bytes,
            self.total_bytes,
            self.meta_checksum,
            self.body_checksum,
        ] {
            out.extend(long.to_le_bytes());
        }
        let recall = self.recall.map_or([0; 2], |r| [r.found, r.expected]);
        for count in recall {
            out.extend(count.to_le_bytes());
        }
        out.extend(XxHash3_64::oneshot(&out).to_le_bytes());
        let mut header = [0; HEADER_BYTES];
        header.copy_from_slice(&out);
        header
    }

    /// Decodes and checks a header: ours, this version, undamaged, of sizes that can be.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, IndexError> {
        let magic = &bytes[..bytes.len().min(MAGIC.len())];
        if magic != MAGIC {
            return Err(IndexError::NotOurs {
                object: OBJECT,
                found: format!("{:?}", String::from_utf8_lossy(magic)),
            });
        }
        let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else {
            return Err(IndexError::Length {
                object: OBJECT,
                expected: HEADER_BYTES as u64,
                found: bytes.len() as u64,
            });
        };
        let version = u32_at(header, 8);
        if !(OLDEST_VERSION..=VERSION).contains(&version) {
            return Err(IndexError::Version {
                object: OBJECT,
                expected: VERSION,
                found: version,
            });
        }
        check(u64_at(header, 120), &header[..120])?;
        let mut id = [0; 16];
        id.copy_from_slice(&header[16..32]);
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(&header[32..64]);
        let header = Self {
            kind: match header[12] {
                0 => SegmentKind::Delta,
                1 => SegmentKind::Base,
                other => return Err(malformed(format!("unknown kind {other}"))),
            },
            id: SegmentId::from_bytes(id),
            fingerprint: Fingerprint(fingerprint),
            dimensions: u32_at(header, 64),
            rows: u32_at(header, 68),
            nodes: u32_at(header, 72),
            layers: u32_at(header, 76),
            axes: match version {
                OLDEST_VERSION => Axes::Original,
                _ => Axes::Turned,
            },
            // Version 1 had zeros here and in the next.
            candidates: u16::from_le_bytes([header[14], header[15]]),
            recall: Some(Recall {
                found: u32_at(header, 112),
                expected: u32_at(header, 116),
            })
            .filter(|recall| recall.expected > 0),
            meta_bytes: u64_at(header, 80),
            total_bytes: u64_at(header, 88),
            meta_checksum: u64_at(header, 96),
            body_checksum: u64_at(header, 104),
        };
        header.check_sizes()?;
        Ok(header)
    }

    fn check_sizes(&self) -> Result<(), IndexError> {
        let dimensions = self.dimensions as usize;
        if dimensions > MAX_DIMENSIONS {
            return Err(malformed(format!(
                "vectors have {dimensions} dimensions, more than {MAX_DIMENSIONS}"
            )));
        }
        let meta = self.meta_bytes;
        if meta < HEADER_BYTES as u64 || meta > self.total_bytes {
            return Err(malformed(format!(
                "header and meta have {meta} of {} bytes",
                self.total_bytes
            )));
        }
        let candidates = usize::from(self.candidates);
        if (1..recall::K).contains(&candidates) {
            return Err(malformed(format!(
                "its graph is said to find the {} best with {candidates} candidates",
                recall::K
            )));
        }
        if let Some(Recall { found, expected }) = self.recall.filter(|r| r.found > r.expected) {
            return Err(malformed(format!(
                "its graph is said to find {found} rows of {expected}"
            )));
        }
        Ok(())
    }
}

/// Compares a recorded checksum with that of the bytes at hand.
pub(super) fn check(expected: u64, bytes: &[u8]) -> Result<(), IndexError> {
    let found = XxHash3_64::oneshot(bytes);
    if found == expected {
        return Ok(());
    }
    Err(IndexError::Checksum {
        object: OBJECT,
        expected: format!("{expected:016x}"),
        found: format!("{found:016x}"),
    })
}

pub(super) fn malformed(reason: impl Into<String>) -> IndexError {
    IndexError::Malformed {
        object: OBJECT,
        reason: reason.into(),
    }
}

pub(super) fn check_length(expected: u64, found: usize) -> Result<(), IndexError> {
    if expected == found as u64 {
        return Ok(());
    }
    Err(IndexError::Length {
        object: OBJECT,
        expected,
        found: found as u64,
    })
}

fn u32_at(bytes: &[u8; HEADER_BYTES], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(word)
}

fn u64_at(bytes: &[u8; HEADER_BYTES], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// What later releases have to go on reading.
    #[test]
    fn the_stored_form_stays() {
        let header = Header {
            kind: SegmentKind::Base,
            id: SegmentId::from_bytes(std::array::from_fn(|i| 0x10 + i as u8)),
            fingerprint: Fingerprint(std::array::from_fn(|i| 0x20 + i as u8)),
            dimensions: 0x0140,
            rows: 0x41,
            nodes: 0x42,
            layers: 0x43,
            axes: Axes::Turned,
            candidates: 0x4544,
            recall: Some(Recall {
                found: 0x46,
                expected: 0x47,
            }),
            meta_bytes: 0x48_00,
            total_bytes: 0x49_00_00,
            meta_checksum: 0x4a << 56,
            body_checksum: 0x4b,
        };
        let stored = [
            &b"lookseg\0\x02\0\0\0\x01\0\x44\x45"[..],
            b"\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f",
            b" !\"#$%&'()*+,-./0123456789:;<=>?",
            b"\x40\x01\0\0\x41\0\0\0\x42\0\0\0\x43\0\0\0",
            b"\0\x48\0\0\0\0\0\0\0\0\x49\0\0\0\0\0",
            b"\0\0\0\0\0\0\0\x4a\x4b\0\0\0\0\0\0\0",
            b"\x46\0\0\0\x47\0\0\0",
        ]
        .concat();
        let checksum = XxHash3_64::oneshot(&stored).to_le_bytes();
        let stored = [&stored[..], &checksum].concat();
        assert_eq!(header.encode()[..], stored[..]);
        assert_eq!(Header::decode(&stored), Ok(header));
    }

    /// With so few a walk would end before it has the ten best, and every search look at every node.
    #[test]
    fn too_few_candidates_are_refused() {
        let header = |candidates| Header {
            kind: SegmentKind::Base,
            id: SegmentId::new(1, 1),
            fingerprint: Fingerprint([1; 32]),
            dimensions: 3,
            rows: 0,
            nodes: 0,
            layers: 0,
            axes: Axes::Turned,
            candidates,
            recall: None,
            meta_bytes: 128,
            total_bytes: 128,
            meta_checksum: 0,
            body_checksum: 0,
        };
        for good in [0, 10, 48, u16::MAX] {
            assert_eq!(Header::decode(&header(good).encode()), Ok(header(good)));
        }
        for bad in 1..10 {
            let read = Header::decode(&header(bad).encode());
            assert!(
                matches!(read, Err(IndexError::Malformed { .. })),
                "{read:?}"
            );
        }
    }
}
