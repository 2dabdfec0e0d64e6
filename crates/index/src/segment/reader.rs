//! Reading columns of a segment without copying them.

use bytes::{Buf, Bytes};

use super::checks::malformed;
use super::stored_columns::{TextColumn, U32Column, U64Column};
use super::writer::{COLUMN_ALIGNMENT, VECTOR_ALIGNMENT};
use crate::error::IndexError;

/// Reads consecutive columns of a part of a segment.
pub(super) struct SegmentReader {
    bytes: Bytes,
    /// Position in the segment of the next column's padding.
    position: usize,
}

impl SegmentReader {
    /// Starts reading `part`, which begins at `position` of its segment.
    pub(super) fn new(part: Bytes, position: usize) -> Self {
        Self {
            bytes: part,
            position,
        }
    }

    /// Takes the next column: `count` items of `size` bytes each.
    pub(super) fn take(&mut self, count: usize, size: usize) -> Result<Bytes, IndexError> {
        self.take_aligned(count, size, COLUMN_ALIGNMENT)
    }

    /// Takes a column of vectors.
    pub(super) fn take_vectors(&mut self, count: usize, size: usize) -> Result<Bytes, IndexError> {
        self.take_aligned(count, size, VECTOR_ALIGNMENT)
    }

    fn take_aligned(
        &mut self,
        count: usize,
        size: usize,
        alignment: usize,
    ) -> Result<Bytes, IndexError> {
        let padding = self.position.next_multiple_of(alignment) - self.position;
        let left = self.bytes.len().saturating_sub(padding);
        let Some(wanted) = count.checked_mul(size).filter(|&wanted| wanted <= left) else {
            return Err(malformed(format!(
                "a column of {count} x {size} bytes does not fit into the {left} that are left"
            )));
        };
        self.bytes.advance(padding.min(self.bytes.len()));
        self.position += padding + wanted;
        Ok(self.bytes.split_to(wanted))
    }

    pub(super) fn take_u32s(&mut self, count: usize) -> Result<U32Column, IndexError> {
        self.take(count, 4).map(U32Column)
    }

    pub(super) fn take_u32(&mut self) -> Result<u32, IndexError> {
        self.take_u32s(1).map(|column| column.get(0))
    }

    pub(super) fn take_u64s(&mut self, count: usize) -> Result<U64Column, IndexError> {
        self.take(count, 8).map(U64Column)
    }

    pub(super) fn take_texts(&mut self, count: usize) -> Result<TextColumn, IndexError> {
        let ends = self.take_u32s(count)?;
        if !ends.iter().is_sorted() {
            return Err(malformed("text offsets are out of order"));
        }
        let heap = self.take(ends.last().unwrap_or(0) as usize, 1)?;
        Ok(TextColumn { ends, heap })
    }

    /// Skips the sections that later releases may add: a count, then a tag, a length and bytes for
    /// each. Checks that only padding is left over.
    pub(super) fn finish(mut self) -> Result<(), IndexError> {
        for _ in 0..self.take_u32()? {
            let _tag = self.take_u32()?;
            let length = self.take_u64s(1)?.get(0);
            self.take(usize::try_from(length).unwrap_or(usize::MAX), 1)?;
        }
        let padding = self.position.next_multiple_of(VECTOR_ALIGNMENT) - self.position;
        if self.bytes.len() <= padding {
            return Ok(());
        }
        let left = self.bytes.len() - padding;
        Err(malformed(format!("{left} bytes are left over")))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::segment::writer::SegmentWriter;

    #[test]
    fn columns_begin_at_their_alignment_whatever_is_before() {
        let mut writer = SegmentWriter::after(128, 0);
        writer.put_texts(["a", "", "bcd"].into_iter()).unwrap();
        writer.put_u64s([u64::MAX, 7]);
        writer.put_bytes(*b"xyz");
        writer.put_vectors([[1i8, -2, 3], [4, 5, -6]].iter().map(|v| &v[..]));
        writer
            .put_dictionary(["shoe", "hat", "shoe"].into_iter())
            .unwrap();
        writer.finish();
        let bytes = Bytes::from(writer.into_bytes());
        assert_eq!(bytes.len() % VECTOR_ALIGNMENT, 0);

        let mut reader = SegmentReader::new(bytes.slice(128..), 128);
        let texts = reader.take_texts(3).unwrap();
        assert_eq!([0, 1, 2].map(|i| texts.get(i)), ["a", "", "bcd"]);
        let numbers = reader.take_u64s(2).unwrap();
        assert_eq!([numbers.get(0), numbers.get(1)], [u64::MAX, 7]);
        assert_eq!(reader.take(3, 1).unwrap(), "xyz");
        let vectors = reader.take_vectors(2, 3).unwrap();
        assert_eq!(reader.position, 192 + 6);
        assert_eq!(&vectors[..], [1, 254, 3, 4, 5, 250]);
        let ordinals = reader.take_u32s(3).unwrap();
        assert!(ordinals.iter().eq([1, 0, 1]));
        assert_eq!(reader.take_u32().unwrap(), 2);
        let distinct = reader.take_texts(2).unwrap();
        assert_eq!(distinct.find("shoe"), Some(1));
        assert_eq!((distinct.find(""), distinct.find("shoes")), (None, None));
        reader.finish().unwrap();
    }

    #[test]
    fn sections_of_later_releases_are_skipped() {
        let part = |length: u64, bytes: &[u8]| {
            let mut writer = SegmentWriter::after(0, 0);
            writer.put_u32(2);
            for tag in [17, 99] {
                writer.put_u32(tag);
                writer.put_u64s([length]);
                writer.put_bytes(bytes.iter().copied());
            }
            SegmentReader::new(Bytes::from(writer.into_bytes()), 0).finish()
        };
        assert_eq!(part(0, &[]), Ok(()));
        assert_eq!(part(5, b"new!!"), Ok(()));
        assert!(part(1000, b"short").is_err());
        assert!(part(u64::MAX, b"short").is_err());
        let left_over = Bytes::from(vec![0; 4 + 61]);
        assert!(SegmentReader::new(left_over, 0).finish().is_err());
    }
}
