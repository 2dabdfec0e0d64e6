//! Columns of a segment, read in place.

use bytes::Bytes;

use crate::dot;

/// A column of `u32`, read in place at any alignment.
#[derive(Debug, Clone)]
pub(crate) struct U32Column(pub(super) Bytes);

impl U32Column {
    /// Returns the `i`-th number.
    ///
    /// # Panics
    /// If `i` is out of range; every index comes from this crate and was checked at opening.
    #[inline]
    pub(crate) fn get(&self, i: usize) -> u32 {
        let mut word = [0; 4];
        word.copy_from_slice(&self.0[4 * i..4 * i + 4]);
        u32::from_le_bytes(word)
    }

    /// Prefetches the memory of the `i`-th number.
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

    /// Returns the numbers at `range`.
    #[inline]
    pub(crate) fn slice(&self, range: std::ops::Range<usize>) -> impl Iterator<Item = u32> + '_ {
        let words = &self.words()[range];
        words.iter().map(|word| u32::from_le_bytes(*word))
    }

    /// Returns the bytes of each number.
    #[inline]
    pub(crate) fn words(&self) -> &[[u8; 4]] {
        self.0.as_chunks().0
    }
}

/// A column of `u64`, read in place at any alignment.
#[derive(Debug, Clone)]
pub(super) struct U64Column(pub(super) Bytes);

impl U64Column {
    /// Returns the `i`-th number.
    ///
    /// # Panics
    /// If `i` is out of range; every index comes from this crate and was checked at opening.
    pub(super) fn get(&self, i: usize) -> u64 {
        let mut word = [0; 8];
        word.copy_from_slice(&self.0[8 * i..8 * i + 8]);
        u64::from_le_bytes(word)
    }
}

/// A column of texts.
#[derive(Debug, Clone)]
pub(super) struct TextColumn {
    pub(super) ends: U32Column,
    pub(super) heap: Bytes,
}

impl TextColumn {
    /// Returns the `i`-th text; an empty one if its bytes are not UTF-8, which no release writes.
    pub(super) fn get(&self, i: usize) -> &str {
        std::str::from_utf8(self.bytes(i)).unwrap_or_default()
    }

    fn bytes(&self, i: usize) -> &[u8] {
        let before = i.checked_sub(1);
        let start = before.map_or(0, |before| self.ends.get(before) as usize);
        &self.heap[start..self.ends.get(i) as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Finds `text` in a column that was written in ascending order.
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
