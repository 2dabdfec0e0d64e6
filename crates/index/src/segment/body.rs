//! The part of a segment that only searches read: vectors and graph.

use bytes::Bytes;

use super::checks::{check, check_length, malformed};
use super::graph_view::GraphView;
use super::header::Header;
use super::reader::SegmentReader;
use super::stored_columns::U32Column;
use crate::dot;
use crate::error::IndexError;
use crate::quantization::Query;
use crate::quantization::{Basis, QuantizedVector};
use crate::scored::ScoredNode;

/// Number of nodes whose vectors are loaded from memory while another one is scored.
const AHEAD: usize = 8;

/// Vectors and graph, opened in place.
#[derive(Debug, Clone)]
pub(crate) struct SegmentBody {
    dimensions: usize,
    scales: U32Column,
    largest_scale: f32,
    hi: Bytes,
    lo: Bytes,
    graph: Option<GraphView>,
    basis: Basis,
    ef: u16,
}

impl SegmentBody {
    /// Opens the body of a whole segment whose header was decoded, and checks it.
    pub(crate) fn open(segment: &Bytes, header: &Header) -> Result<Self, IndexError> {
        check_length(header.total_bytes, segment.len())?;
        let start = header.meta_bytes as usize;
        let body = segment.slice(start..);
        check(header.body_checksum, &body)?;
        Self::parse(body, start, header)
    }

    /// Opens the body of a segment that was just laid out; its checksum need not be checked.
    pub(super) fn open_unchecked(segment: &Bytes, header: &Header) -> Result<Self, IndexError> {
        let start = header.meta_bytes as usize;
        Self::parse(segment.slice(start..), start, header)
    }

    fn parse(body: Bytes, start: usize, header: &Header) -> Result<Self, IndexError> {
        let nodes = header.nodes as usize;
        let dimensions = header.dimensions as usize;
        let mut reader = SegmentReader::new(body, start);
        let scales = reader.take_u32s(nodes)?;
        let hi = reader.take_vectors(nodes, dimensions)?;
        let lo = reader.take_vectors(nodes, dimensions)?;
        let graph = GraphView::take(&mut reader, header)?;
        reader.finish()?;
        Ok(Self {
            dimensions,
            largest_scale: largest_scale(&scales)?,
            scales,
            hi,
            lo,
            graph,
            basis: header.basis,
            ef: header.ef,
        })
    }

    /// Computes the coarse scores of nodes into `out`, which is cleared first.
    #[inline]
    pub(crate) fn approximate_of(&self, query: &Query, nodes: &[u32], out: &mut Vec<ScoredNode>) {
        out.clear();
        for &first in nodes.iter().take(AHEAD) {
            self.prefetch(first);
        }
        for (i, &node) in nodes.iter().enumerate() {
            if let Some(&later) = nodes.get(i + AHEAD) {
                self.prefetch(later);
            }
            out.push(self.approximate(query, node));
        }
    }

    /// Computes the coarse score of a node.
    #[inline]
    pub(crate) fn approximate(&self, query: &Query, node: u32) -> ScoredNode {
        let hi = bytemuck::cast_slice(&self.hi[self.range(node)]);
        ScoredNode::new(query.approximate(self.scale(node), hi), node)
    }

    /// Prefetches the memory that [`approximate`](Self::approximate) reads.
    #[inline]
    fn prefetch(&self, node: u32) {
        dot::prefetch(&self.hi[self.range(node)]);
        self.scales.prefetch(node as usize);
    }

    /// Computes the full score of a node.
    pub(crate) fn score(&self, query: &Query, node: u32) -> f32 {
        let range = self.range(node);
        let hi = bytemuck::cast_slice(&self.hi[range.clone()]);
        let lo = bytemuck::cast_slice(&self.lo[range]);
        query.score(self.scale(node), hi, lo)
    }

    /// Returns the embedding of a node; it shares the segment's bytes.
    pub(crate) fn embedding(&self, node: u32) -> QuantizedVector {
        let range = self.range(node);
        QuantizedVector::stored(
            self.scale(node),
            self.hi.slice(range.clone()),
            self.lo.slice(range),
            self.basis,
        )
    }

    /// Returns the basis of its vectors.
    pub(crate) fn basis(&self) -> Basis {
        self.basis
    }

    /// Returns the number of candidates that a walk needs for its recall; `None` if it was not
    /// measured.
    pub(crate) fn tuned_ef(&self) -> Option<usize> {
        Some(usize::from(self.ef)).filter(|&ef| ef > 0)
    }

    /// Prefetches the memory that [`score`](Self::score) reads.
    pub(crate) fn prefetch_full(&self, node: u32) {
        let range = self.range(node);
        dot::prefetch(&self.hi[range.clone()]);
        dot::prefetch(&self.lo[range]);
        self.scales.prefetch(node as usize);
    }

    /// Returns the largest scale of all nodes, 0 if there are none.
    pub(crate) fn largest_scale(&self) -> f32 {
        self.largest_scale
    }

    /// Returns the graph, if there is one.
    pub(crate) fn graph(&self) -> Option<&GraphView> {
        self.graph.as_ref()
    }

    #[inline]
    fn scale(&self, node: u32) -> f32 {
        f32::from_bits(self.scales.get(node as usize))
    }

    #[inline]
    fn range(&self, node: u32) -> std::ops::Range<usize> {
        let start = node as usize * self.dimensions;
        start..start + self.dimensions
    }
}

fn largest_scale(scales: &U32Column) -> Result<f32, IndexError> {
    let mut largest = 0.0f32;
    for scale in scales.iter().map(f32::from_bits) {
        // A component of a unit vector is at most 1, plus a little rounding.
        if !(0.0..=1.01 / 127.0).contains(&scale) {
            return Err(malformed(format!("a vector has scale {scale}")));
        }
        largest = largest.max(scale);
    }
    Ok(largest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::segment::writer::SegmentWriter;

    #[test]
    fn scales_that_no_unit_vector_has_are_refused() {
        let scales = |scale: f32| {
            let mut writer = SegmentWriter::after(0, 0);
            writer.put_u32s([0.001f32.to_bits(), scale.to_bits()]);
            let mut reader = SegmentReader::new(writer.into_bytes().into(), 0);
            largest_scale(&reader.take_u32s(2).unwrap())
        };
        assert_eq!(scales(1.0 / 127.0), Ok(1.0 / 127.0));
        for bad in [f32::NAN, f32::INFINITY, -0.001, 0.1] {
            assert!(scales(bad).is_err(), "{bad}");
        }
    }
}
