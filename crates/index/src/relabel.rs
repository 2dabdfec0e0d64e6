//! What it takes to say something else of stored rows, without their vectors being made or read again: where
//! the rows of a product are, and where in its segment the embedding of a row lies.
//!
//! A writer has no bodies in memory. It reads the ranges that [`SegmentMeta::embedding_ranges`] names, makes
//! the very same embedding of them, and writes the row into a new segment.

use std::ops::Range;

use bytes::Bytes;

use crate::error::IndexError;
use crate::quantise::Quantised;
use crate::segment::{SegmentMeta, VECTOR_ALIGNMENT};
use crate::view::{Location, View};

/// Bytes of a scale.
const SCALE: u64 = 4;
/// How far from 1 the length of a stored unit vector may be: rounding makes it differ by a thousandth at most.
const LENGTH_TOLERANCE: f32 = 0.01;

impl View {
    /// The live rows of a product, segment by segment.
    pub fn rows_of_product<'a>(
        &'a self,
        product_id: &'a str,
    ) -> impl Iterator<Item = Location> + 'a {
        let segments = self.segments().iter().enumerate();
        segments
            .filter_map(move |(place, meta)| Some((place, meta, meta.find_product(product_id)?)))
            .flat_map(move |(place, meta, ordinal)| {
                let rows = meta.rows_of_product(ordinal);
                rows.filter(move |&row| self.is_live(place, row))
                    .map(move |row| Location {
                        segment: place,
                        row,
                    })
            })
    }
}

impl SegmentMeta {
    /// Where in the stored segment the embedding of a row lies, as bytes from its start: the scale, the coarse
    /// and the fine components, ascending. Rows with the same vector have the same ranges.
    ///
    /// # Panics
    /// When `row` is not below the number of rows.
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

    /// The embedding whose bytes were read at the [ranges](Self::embedding_ranges) of a row.
    ///
    /// The checksum of a body is one for all of it, so nothing here tells a damaged byte for sure. But what is
    /// not nearly a unit vector was damaged, or read from somewhere else.
    ///
    /// # Errors
    /// [`IndexError::Length`] and [`IndexError::Malformed`].
    pub fn embedding_of(&self, [scale, hi, lo]: [Bytes; 3]) -> Result<Quantised, IndexError> {
        const OBJECT: &str = "segment";
        let dimensions = u64::from(self.header.dimensions);
        for (part, expected) in [(&scale, SCALE), (&hi, dimensions), (&lo, dimensions)] {
            let found = part.len() as u64;
            if found != expected {
                return Err(IndexError::Length {
                    object: OBJECT,
                    expected,
                    found,
                });
            }
        }
        let mut bits = [0; SCALE as usize];
        bits.copy_from_slice(&scale);
        let scale = f32::from_le_bytes(bits);
        let embedding = Quantised::stored(scale, hi, lo, self.header.axes);
        let squares = embedding.components().into_iter().map(|x| x * x);
        let length = squares.sum::<f32>().sqrt();
        // Also when it is no number.
        if (length - 1.0).abs() <= LENGTH_TOLERANCE && scale >= 0.0 {
            return Ok(embedding);
        }
        Err(IndexError::Malformed {
            object: OBJECT,
            reason: format!(
                "a vector of {} has length {length} instead of 1: it is damaged",
                self.id()
            ),
        })
    }
}
