//! The first 128 bytes of a segment.

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use super::checks::{OBJECT, check, malformed};
use super::writer::VECTOR_ALIGNMENT;
use crate::dot::MAX_DIMENSIONS;
use crate::error::IndexError;
use crate::ids::{Fingerprint, SegmentId};
use crate::quantization::Basis;
use crate::recall::{RECALL_AT, Recall};

/// Length of a segment's header.
pub const HEADER_BYTES: usize = 128;

const MAGIC: [u8; 8] = *b"lookseg\0";
/// The version that is written. Since version 2, vectors are rotated, the recall is measured, and
/// only the bottom layer of a graph is stored.
const VERSION: u32 = 2;
const OLDEST_VERSION: u32 = 1;

/// The purpose of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SegmentKind {
    /// The segment that all older ones were rebuilt into; large ones have a graph.
    Base,
    /// The changes of one batch of events, or several such deltas merged; searched exactly.
    Delta,
}

impl SegmentKind {
    /// Returns `base` or `delta`.
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
    /// Number of distinct vectors.
    pub(crate) nodes: u32,
    /// Number of layers of the graph, 0 if there is none.
    pub(crate) layers: u32,
    /// Basis of the vectors' components, which follows from the version.
    pub(crate) basis: Basis,
    /// Candidates that a walk needs for its recall, 0 if they were not measured.
    pub(crate) ef: u16,
    /// Recall of walks with `ef` candidates.
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
        let version = match self.basis {
            Basis::Original => OLDEST_VERSION,
            Basis::Rotated => VERSION,
        };
        out.extend(version.to_le_bytes());
        // The second byte is zero; readers ignore it.
        out.extend(match self.kind {
            SegmentKind::Delta => [0, 0],
            SegmentKind::Base => [1, 0],
        });
        out.extend(self.ef.to_le_bytes());
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

    /// Decodes and checks a header: its format and version are known, it is undamaged, and its sizes are possible.
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
            basis: match version {
                OLDEST_VERSION => Basis::Original,
                _ => Basis::Rotated,
            },
            // Version 1 has zeros here and in the next fields.
            ef: u16::from_le_bytes([header[14], header[15]]),
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
        // The place of a vector follows from it, and from this alignment.
        if !meta.is_multiple_of(VECTOR_ALIGNMENT as u64) {
            return Err(malformed(format!(
                "header and meta have {meta} bytes, which is not a multiple of {VECTOR_ALIGNMENT}"
            )));
        }
        let ef = usize::from(self.ef);
        if (1..RECALL_AT).contains(&ef) {
            return Err(malformed(format!(
                "its header records that {ef} candidates find the {} best",
                RECALL_AT
            )));
        }
        if let Some(Recall { found, expected }) = self.recall.filter(|r| r.found > r.expected) {
            return Err(malformed(format!(
                "its header records that its graph finds {found} rows of {expected}"
            )));
        }
        Ok(())
    }
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
mod tests;
