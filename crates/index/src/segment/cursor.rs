//! Reading columns off a segment without copying them.

use bytes::{Buf, Bytes};

use super::columns::{COLUMN_ALIGNMENT, VECTOR_ALIGNMENT};
use super::header::malformed;
use crate::dot;
use crate::error::IndexError;

/// Hands out consecutive columns of a part of a segment.
pub(super) struct Cursor {
    bytes: Bytes,
    /// How far into the segment the next column's padding begins.
    position: usize,
}

impl Cursor {
    /// A cursor over `part`, which begins at `position` of its segment.
    pub(super) fn new(part: Bytes, position: usize) -> Self {
        Self {
            bytes: part,
            position,
        }
    }

    /// The next column: `count` items of `size` bytes each.
    pub(super) fn take(&mut self, count: usize, size: usize) -> Result<Bytes, IndexError> {
        self.take_aligned(count, size, COLUMN_ALIGNMENT)
    }

    /// A column of vectors.
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

    pub(super) fn take_u32s(&mut self, count: usize) -> Result<U32s, IndexError> {
        self.take(count, 4).map(U32s)
    }

    pub(super) fn take_u32(&mut self) -> Result<u32, IndexError> {
        self.take_u32s(1).map(|column| column.get(0))
    }

    pub(super) fn take_u64s(&mut self, count: usize) -> Result<U64s, IndexError> {
        self.take(count, 8).map(U64s)
    }

    pub(super) fn take_texts(&mut self, count: usize) -> Result<Texts, IndexError> {
        let ends = self.take_u32s(count)?;
        if !ends.iter().is_sorted() {
            return Err(malformed("text offsets are out of order"));
        }
        let heap = self.take(ends.last().unwrap_or(0) as usize, 1)?;
        Ok(Texts { ends, heap })
    }

    /// Skips the sections that later releases may add: a count, then a tag, a length and bytes each.
    /// Checks that nothing is left over but padding.
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

/// A column of `u32`, read in place at any alignment.
#[derive(Debug, Clone)]
pub(crate) struct U32s(Bytes);

impl U32s {
    /// The `i`-th number.
    ///
    /// # Panics
    /// When `i` is out of range; every index comes from this crate and was checked at opening.
    #[inline]
    pub(crate) fn get(&self, i: usize) -> u32 {
        let mut word = [0; 4];
        word.copy_from_slice(&self.0[4 * i..4 * i + 4]);
        u32::from_le_bytes(word)
    }

    /// Asks for the memory of the `i`-th number.
    #[inline]
    pub(crate) fn prefetch(&self, i: usize) {
        dot::prefetch(&self.0[4 * i..4 * i + 4]);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len() / 4
    }

    pub(crate) fn last(&self) -> Option<u32> {
        self.len().checked_sub(1).map(|i| self.get(i))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.slice(0..self.len())
    }

    /// The numbers at `range`.
    #[inline]
    pub(crate) fn slice(&self, range: std::ops::Range<usize>) -> impl Iterator<Item = u32> + '_ {
        let words = &self.words()[range];
        words.iter().map(|word| u32::from_le_bytes(*word))
    }

    /// The bytes of each number.
    #[inline]
    pub(crate) fn words(&self) -> &[[u8; 4]] {
        self.0.as_chunks().0
    }
}

/// A column of `u64`, read in place at any alignment.
#[derive(Debug, Clone)]
pub(super) struct U64s(Bytes);

impl U64s {
    /// The `i`-th number.
    ///
    /// # Panics
    /// When `i` is out of range; every index comes from this crate and was checked at opening.
    pub(super) fn get(&self, i: usize) -> u64 {
        let mut word = [0; 8];
        word.copy_from_slice(&self.0[8 * i..8 * i + 8]);
        u64::from_le_bytes(word)
    }
}

/// A column of texts.
#[derive(Debug, Clone)]
pub(super) struct Texts {
    ends: U32s,
    heap: Bytes,
}

impl Texts {
    /// The `i`-th text; empty when its bytes are no UTF-8, which no writer of ours produces.
    pub(super) fn get(&self, i: usize) -> &str {
        std::str::from_utf8(self.bytes(i)).unwrap_or_default()
    }

    fn bytes(&self, i: usize) -> &[u8] {
        let start = match i {
            0 => 0,
            _ => self.ends.get(i - 1) as usize,
        };
        &self.heap[start..self.ends.get(i) as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Where `text` is, in a column that was written in ascending order.
    pub(super) fn find(&self, text: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.bytes(middle).cmp(text.as_bytes()) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::segment::columns::Columns;

    #[test]
    fn columns_begin_at_their_alignment_whatever_is_before() {
        let mut columns = Columns::after(128, 0);
        columns.put_texts(["a", "", "bcd"].into_iter()).unwrap();
        columns.put_u64s([u64::MAX, 7]);
        columns.put_bytes(*b"xyz");
        columns.put_vectors([[1i8, -2, 3], [4, 5, -6]].iter().map(|v| &v[..]));
        columns
            .put_dictionary(["shoe", "hat", "shoe"].into_iter())
            .unwrap();
        columns.finish();
        let bytes = Bytes::from(columns.into_bytes());
        assert_eq!(bytes.len() % VECTOR_ALIGNMENT, 0);

        let mut cursor = Cursor::new(bytes.slice(128..), 128);
        let texts = cursor.take_texts(3).unwrap();
        assert_eq!([0, 1, 2].map(|i| texts.get(i)), ["a", "", "bcd"]);
        let numbers = cursor.take_u64s(2).unwrap();
        assert_eq!([numbers.get(0), numbers.get(1)], [u64::MAX, 7]);
        assert_eq!(cursor.take(3, 1).unwrap(), "xyz");
        let vectors = cursor.take_vectors(2, 3).unwrap();
        assert_eq!(cursor.position, 192 + 6);
        assert_eq!(&vectors[..], [1, 254, 3, 4, 5, 250]);
        let ordinals = cursor.take_u32s(3).unwrap();
        assert!(ordinals.iter().eq([1, 0, 1]));
        assert_eq!(cursor.take_u32().unwrap(), 2);
        let distinct = cursor.take_texts(2).unwrap();
        assert_eq!(distinct.find("shoe"), Some(1));
        assert_eq!((distinct.find(""), distinct.find("shoes")), (None, None));
        cursor.finish().unwrap();
    }

    #[test]
    fn sections_of_later_releases_are_skipped() {
        let part = |length: u64, bytes: &[u8]| {
            let mut columns = Columns::after(0, 0);
            columns.put_u32(2);
            for tag in [17, 99] {
                columns.put_u32(tag);
                columns.put_u64s([length]);
                columns.put_bytes(bytes.iter().copied());
            }
            Cursor::new(Bytes::from(columns.into_bytes()), 0).finish()
        };
        assert_eq!(part(0, &[]), Ok(()));
        assert_eq!(part(5, b"new!!"), Ok(()));
        assert!(part(1000, b"short").is_err());
        assert!(part(u64::MAX, b"short").is_err());
        let left_over = Bytes::from(vec![0; 4 + 61]);
        assert!(Cursor::new(left_over, 0).finish().is_err());
    }
}
