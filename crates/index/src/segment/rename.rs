//! Giving a segment another id before it is published.

use super::checks::check_length;
use super::header::{HEADER_BYTES, Header};
use crate::error::IndexError;
use crate::ids::SegmentId;

/// Returns a copy of a segment with another id. Only the header names it, so nothing else changes; a segment that
/// deletes rows of this one must be encoded again.
///
/// # Errors
/// The [`IndexError`]s of headers: not ours, another version, damaged, cut short.
pub fn rename_segment(bytes: &[u8], id: SegmentId) -> Result<Vec<u8>, IndexError> {
    let header = Header::decode(bytes)?;
    check_length(header.total_bytes, bytes.len())?;
    let mut renamed = bytes.to_vec();
    renamed[..HEADER_BYTES].copy_from_slice(&Header { id, ..header }.encode());
    Ok(renamed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bytes::Bytes;

    use super::*;
    use crate::{Fingerprint, QuantizedVector, Row, Segment, SegmentContent};

    const ENCODER: Fingerprint = Fingerprint([1; 32]);

    fn content() -> SegmentContent {
        SegmentContent {
            rows: vec![Row {
                key: "catalog/a.jpg".to_owned(),
                product_id: "a".to_owned(),
                etag: "\"1\"".to_owned(),
                attributes: [("category".to_owned(), "shoes".into())].into(),
                embedding: QuantizedVector::new(&[1.0, 0.5, 0.25]).unwrap(),
            }],
            tombstones: vec!["catalog/b.jpg".to_owned()],
            deleted: [(SegmentId::new(1, 1), vec![0, 3])].into(),
        }
    }

    #[test]
    fn a_renamed_segment_is_the_one_that_is_encoded_with_that_id() {
        let (old, new) = (SegmentId::new(2, 2), SegmentId::new(3, 3));
        let encoded = |id| content().encode_delta(id, ENCODER, 3).unwrap().bytes;
        let renamed = rename_segment(&encoded(old), new).unwrap();
        assert_eq!(renamed, encoded(new));
        let renamed = Bytes::from(renamed);
        assert!(Segment::open(&renamed, new, ENCODER).is_ok());
        assert!(Segment::open(&renamed, old, ENCODER).is_err());
    }

    #[test]
    fn what_is_no_whole_segment_is_refused() {
        let id = SegmentId::new(2, 2);
        let encoded = content().encode_delta(id, ENCODER, 3).unwrap().bytes;
        for end in [0, 7, HEADER_BYTES, encoded.len() - 1] {
            assert!(rename_segment(&encoded[..end], id).is_err(), "{end} bytes");
        }
    }
}
