//! Errors of stored objects. Each names what was expected and what was found.

use crate::ids::{Fingerprint, SegmentId};

/// A stored manifest or segment, or a query, that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// The object does not have this format.
    #[error("{object} is not a lookalike {object}: it begins with {found}")]
    NotOurs {
        /// `segment` or `manifest`.
        object: &'static str,
        /// The first bytes, printable.
        found: String,
    },
    /// Another release, usually a newer one, wrote the object.
    #[error(
        "{object} has format version {found}, but this release reads version {expected}: \
         deploy the release that wrote it, or rebuild the index with this one"
    )]
    Version {
        /// `segment` or `manifest`.
        object: &'static str,
        /// The version that this release reads.
        expected: u32,
        /// The version of the object.
        found: u32,
    },
    /// The object's vectors come from another encoder.
    #[error(
        "{object} was made by encoder {found}, expected {expected}: vectors of two encoders never mix"
    )]
    Fingerprint {
        /// `segment` or `manifest`.
        object: &'static str,
        /// The encoder in use.
        expected: Fingerprint,
        /// The encoder of the object.
        found: Fingerprint,
    },
    /// The object's bytes are not those that were written.
    #[error(
        "{object} is damaged: its checksum is {found}, expected {expected}: restore it or rebuild the index"
    )]
    Checksum {
        /// `segment` or `manifest`.
        object: &'static str,
        /// The recorded checksum.
        expected: String,
        /// The checksum of the bytes.
        found: String,
    },
    /// The object is shorter or longer than recorded.
    #[error("{object} has {found} bytes, expected {expected}: restore it or rebuild the index")]
    Length {
        /// `segment` or `manifest`.
        object: &'static str,
        /// The recorded length.
        expected: u64,
        /// The actual length.
        found: u64,
    },
    /// The object with this name contains another segment.
    #[error("segment {expected} contains segment {found}: restore it or rebuild the index")]
    OtherSegment {
        /// The requested name.
        expected: SegmentId,
        /// The name in the header.
        found: SegmentId,
    },
    /// The checksum is right, but the content contradicts itself: a fault of the writer.
    #[error("{object} contradicts itself: {reason}")]
    Malformed {
        /// `segment` or `manifest`.
        object: &'static str,
        /// The contradiction.
        reason: String,
    },
    /// A vector has another length than those of the index.
    #[error("the vector has {found} dimensions, expected {expected}")]
    Dimensions {
        /// Dimensions of the index.
        expected: usize,
        /// Dimensions of the vector.
        found: usize,
    },
    /// A selection belongs to other segments than those that are searched.
    #[error("the selection belongs to another snapshot than the one that is searched")]
    OtherSnapshot,
    /// A vector has no direction: it is all zero, or not finite.
    #[error("the vector has no direction: it is all zero or not finite")]
    NoDirection,
}
