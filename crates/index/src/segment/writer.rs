//! Writing columns of a segment, aligned for fast reading.

use super::checks::malformed;
use crate::error::IndexError;

/// Every column begins at a multiple of this number of bytes from the segment's start; zeros fill
/// the gap.
pub(super) const COLUMN_ALIGNMENT: usize = 8;
/// Vectors, meta and body begin at a multiple of this number of bytes, a cache line.
pub(crate) const VECTOR_ALIGNMENT: usize = 64;

/// Writes a segment from its first byte on.
pub(super) struct SegmentWriter {
    out: Vec<u8>,
}

impl SegmentWriter {
    /// Starts writing after `space` bytes that are filled in later.
    pub(super) fn after(space: usize, capacity: usize) -> Self {
        let mut out = Vec::with_capacity(capacity);
        out.resize(space, 0);
        Self { out }
    }

    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    fn align(&mut self, alignment: usize) {
        let end = self.out.len().next_multiple_of(alignment);
        self.out.resize(end, 0);
    }

    /// Ends meta or body: no further sections, and padding for what follows.
    pub(super) fn finish(&mut self) {
        self.put_u32(0);
        self.align(VECTOR_ALIGNMENT);
    }

    pub(super) fn put_u32(&mut self, number: u32) {
        self.put_u32s([number]);
    }

    pub(super) fn put_u32s(&mut self, numbers: impl IntoIterator<Item = u32>) {
        self.align(COLUMN_ALIGNMENT);
        for number in numbers {
            self.out.extend(number.to_le_bytes());
        }
    }

    pub(super) fn put_u64s(&mut self, numbers: impl IntoIterator<Item = u64>) {
        self.align(COLUMN_ALIGNMENT);
        for number in numbers {
            self.out.extend(number.to_le_bytes());
        }
    }

    pub(super) fn put_bytes(&mut self, bytes: impl IntoIterator<Item = u8>) {
        self.align(COLUMN_ALIGNMENT);
        self.out.extend(bytes);
    }

    pub(super) fn put_vectors<'a>(&mut self, vectors: impl Iterator<Item = &'a [i8]>) {
        self.align(VECTOR_ALIGNMENT);
        vectors.for_each(|vector| self.out.extend_from_slice(bytemuck::cast_slice(vector)));
    }

    pub(super) fn put_texts<'a>(
        &mut self,
        texts: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<(), IndexError> {
        let length: u64 = texts.clone().map(|text| text.len() as u64).sum();
        if u32::try_from(length).is_err() {
            return Err(malformed(format!(
                "its keys, ETags, products or attributes have {length} bytes together, \
                 more than the {} that fit into one segment",
                u32::MAX
            )));
        }
        self.put_u32s(texts.clone().scan(0, |end, text| {
            *end += text.len() as u32;
            Some(*end)
        }));
        self.align(COLUMN_ALIGNMENT);
        texts.for_each(|text| self.out.extend_from_slice(text.as_bytes()));
        Ok(())
    }

    /// Writes a number for each text, then the distinct texts that the numbers stand for,
    /// ascending.
    pub(super) fn put_dictionary<'a>(
        &mut self,
        texts: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<(), IndexError> {
        let mut distinct: Vec<&str> = texts.clone().collect();
        distinct.sort_unstable();
        distinct.dedup();
        self.put_u32s(texts.map(|text| distinct.partition_point(|known| *known < text) as u32));
        self.put_u32(distinct.len() as u32);
        self.put_texts(distinct.into_iter())
    }
}
