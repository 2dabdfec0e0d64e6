//! The header of a segment, written again so that it fits the rest.

use lookalike_index::{Fingerprint, HEADER_BYTES, SegmentId};
use twox_hash::XxHash3_64;

pub(super) const ENCODER: Fingerprint = Fingerprint([7; 32]);

const VERSION: usize = 8;
const KIND: usize = 12;
const ID: usize = 16;
const FINGERPRINT: usize = 32;
const DIMENSIONS: usize = 64;
const META_BYTES: usize = 80;
const TOTAL_BYTES: usize = 88;
const META_CHECKSUM: usize = 96;
const BODY_CHECKSUM: usize = 104;
const CHECKSUM: usize = 120;

/// Returns the name of a segment.
pub(super) fn id(number: u64) -> SegmentId {
    SegmentId::new(number, 1)
}

/// Returns the segment with the name, the encoder, the length and the checksums that a reader expects. Its counts, the
/// length of its meta and its flags stay as they are, where they can be right.
pub(super) fn repaired(bytes: &[u8], id: SegmentId) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.resize(bytes.len().max(HEADER_BYTES), 0);
    bytes[..VERSION].copy_from_slice(b"lookseg\0");
    // An odd number is version 1, an even one version 2.
    let version = 2 - u32::from(bytes[VERSION] % 2);
    put(&mut bytes, VERSION, &version.to_le_bytes());
    bytes[KIND] %= 2;
    put(&mut bytes, ID, &id.to_bytes());
    put(&mut bytes, FINGERPRINT, &ENCODER.0);
    let total = bytes.len();
    put(&mut bytes, TOTAL_BYTES, &(total as u64).to_le_bytes());
    let meta = u64::from_le_bytes(bytes_at(&bytes, META_BYTES));
    let meta = meta.clamp(HEADER_BYTES as u64, total as u64) as usize;
    put(&mut bytes, META_BYTES, &(meta as u64).to_le_bytes());
    let checksums = [
        (META_CHECKSUM, HEADER_BYTES..meta),
        (BODY_CHECKSUM, meta..total),
        (CHECKSUM, 0..CHECKSUM),
    ];
    for (place, range) in checksums {
        let checksum = XxHash3_64::oneshot(&bytes[range]);
        put(&mut bytes, place, &checksum.to_le_bytes());
    }
    bytes
}

/// Returns the length of a segment's vectors.
pub(super) fn dimensions(segment: &[u8]) -> usize {
    u32::from_le_bytes(bytes_at(segment, DIMENSIONS)) as usize
}

pub(super) fn put(bytes: &mut [u8], place: usize, value: &[u8]) {
    bytes[place..place + value.len()].copy_from_slice(value);
}

fn bytes_at<const N: usize>(bytes: &[u8], place: usize) -> [u8; N] {
    let mut value = [0; N];
    value.copy_from_slice(&bytes[place..place + N]);
    value
}
