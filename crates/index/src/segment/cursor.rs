//! Reading columns off a segment without copying them.

use bytes::Bytes;

use super::header::malformed;
use crate::error::IndexError;

/// Hands out consecutive parts of a byte buffer.
pub(super) struct Cursor {
    bytes: Bytes,
}

impl Cursor {
    pub(super) fn new(bytes: Bytes) -> Self {
        Self { bytes }
    }

    /// The next `count` items of `size` bytes each.
    pub(super) fn take(&mut self, count: usize, size: usize) -> Result<Bytes, IndexError> {
        let wanted = count.checked_mul(size).filter(|&n| n <= self.bytes.len());
        match wanted {
            Some(n) => Ok(self.bytes.split_to(n)),
            None => Err(malformed(format!(
                "a column of {count} x {size} bytes does not fit into the {} that are left",
                self.bytes.len()
            ))),
        }
    }

    pub(super) fn take_u32s(&mut self, count: usize) -> Result<U32s, IndexError> {
        self.take(count, 4).map(U32s)
    }

    pub(super) fn take_u32(&mut self) -> Result<u32, IndexError> {
        self.take_u32s(1).map(|column| column.get(0))
    }

    pub(super) fn take_texts(&mut self, count: usize) -> Result<Texts, IndexError> {
        let ends = self.take_u32s(count)?;
        let ordered = (1..count).all(|i| ends.get(i - 1) <= ends.get(i));
        if !ordered {
            return Err(malformed("text offsets are out of order"));
        }
        let heap = self.take(ends.last().unwrap_or(0) as usize, 1)?;
        Ok(Texts { ends, heap })
    }

    /// Checks that nothing is left over.
    pub(super) fn finish(self) -> Result<(), IndexError> {
        match self.bytes.len() {
            0 => Ok(()),
            left => Err(malformed(format!("{left} bytes are left over"))),
        }
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
        u32_at(&self.0, i)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len() / 4
    }

    pub(crate) fn last(&self) -> Option<u32> {
        self.len().checked_sub(1).map(|i| self.get(i))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.len()).map(|i| self.get(i))
    }

    /// The numbers at `range` as bytes, four each.
    #[inline]
    pub(crate) fn slice(&self, range: std::ops::Range<usize>) -> &[u8] {
        &self.0[4 * range.start..4 * range.end]
    }
}

#[inline]
fn u32_at(bytes: &[u8], i: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[4 * i..4 * i + 4]);
    u32::from_le_bytes(word)
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
        let start = match i {
            0 => 0,
            _ => self.ends.get(i - 1) as usize,
        };
        let bytes = &self.heap[start..self.ends.get(i) as usize];
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }
}
