//! The byte ranges of a row's embedding in the stored segment.
//!
//! To change the attributes of stored rows, a writer needs their embeddings, but has no bodies in
//! memory. It reads the ranges that [`SegmentMeta::embedding_ranges`] returns, makes the same
//! embedding from them, and writes the row into a new segment.

use std::ops::Range;

use bytes::Bytes;

use super::checks::{check_length, malformed};
use super::meta::SegmentMeta;
use super::writer::VECTOR_ALIGNMENT;
use crate::error::IndexError;
use crate::quantization::QuantizedVector;

/// Bytes of a scale.
const SCALE: u64 = 4;
/// Maximum difference from 1 of a stored unit vector's length. Rounding makes it differ by a thousandth at most.
const LENGTH_TOLERANCE: f32 = 0.01;

impl SegmentMeta {
    /// Returns the ranges of a row's embedding in the stored segment, in bytes from its start: the
    /// scale, the coarse and the fine components, ascending. Rows with the same vector have the
    /// same ranges.
    ///
    /// # Panics
    /// If `row` is not below the number of rows.
    pub fn embedding_ranges(&self, row: u32) -> [Range<u64>; 3] {
        assert!(row < self.rows(), "row {row} of {}", self.rows());
        let node = u64::from(self.node_of(row));
        let nodes = u64::from(self.nodes());
        let dimensions = u64::from(self.header.dimensions);
        let aligned = |end: u64| end.next_multiple_of(VECTOR_ALIGNMENT as u64);
        let scales = self.header.meta_bytes;
        let hi = aligned(scales + SCALE * nodes);
        let lo = aligned(hi + nodes * dimensions);
        let of_node = |column: u64, bytes: u64| column + node * bytes..column + (node + 1) * bytes;
        [
            of_node(scales, SCALE),
            of_node(hi, dimensions),
            of_node(lo, dimensions),
        ]
    }

    /// Makes an embedding from the bytes at the [ranges](Self::embedding_ranges) of a row.
    ///
    /// The body has only one checksum, so a damaged byte is not always detected here. But bytes
    /// that are not a unit vector are damaged, or were read from another place.
    ///
    /// # Errors
    /// [`IndexError::Length`] and [`IndexError::Malformed`].
    pub fn embedding_of(&self, [scale, hi, lo]: [Bytes; 3]) -> Result<QuantizedVector, IndexError> {
        let dimensions = u64::from(self.header.dimensions);
        for (part, expected) in [(&scale, SCALE), (&hi, dimensions), (&lo, dimensions)] {
            check_length(expected, part.len())?;
        }
        let mut bits = [0; SCALE as usize];
        bits.copy_from_slice(&scale);
        let scale = f32::from_le_bytes(bits);
        let embedding = QuantizedVector::stored(scale, hi, lo, self.header.basis);
        let squares = embedding.components().into_iter().map(|x| x * x);
        let length = squares.sum::<f32>().sqrt();
        // NaN fails the comparison too.
        if (length - 1.0).abs() <= LENGTH_TOLERANCE && scale >= 0.0 {
            return Ok(embedding);
        }
        Err(malformed(format!(
            "a vector of {} has length {length} instead of 1: it is damaged",
            self.id()
        )))
    }
}
