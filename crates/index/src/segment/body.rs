//! The part of a segment that only a search reads: vectors and graph.

use bytes::Bytes;

use super::cursor::{Cursor, U32s};
use super::graph_view::GraphView;
use super::header::{Header, check, check_length, malformed};
use crate::dot;
use crate::error::IndexError;
use crate::quantise::{Axes, Quantised};
use crate::query::Query;
use crate::scored::Scored;

/// Nodes whose vectors are on their way from memory while another is scored.
const AHEAD: usize = 8;

/// Vectors and graph, opened in place.
#[derive(Debug, Clone)]
pub(crate) struct SegmentBody {
    dimensions: usize,
    scales: U32s,
    largest_scale: f32,
    hi: Bytes,
    lo: Bytes,
    graph: Option<GraphView>,
    axes: Axes,
    candidates: u16,
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

    /// Opens the body of a segment that was just laid out, and whose checksum needs no check.
    pub(super) fn open_unchecked(segment: &Bytes, header: &Header) -> Result<Self, IndexError> {
        let start = header.meta_bytes as usize;
        Self::parse(segment.slice(start..), start, header)
    }

    fn parse(body: Bytes, start: usize, header: &Header) -> Result<Self, IndexError> {
        let nodes = header.nodes as usize;
        let dimensions = header.dimensions as usize;
        let mut cursor = Cursor::new(body, start);
        let scales = cursor.take_u32s(nodes)?;
        let hi = cursor.take_vectors(nodes, dimensions)?;
        let lo = cursor.take_vectors(nodes, dimensions)?;
        let graph = GraphView::take(&mut cursor, header)?;
        cursor.finish()?;
        Ok(Self {
            dimensions,
            largest_scale: largest_scale(&scales)?,
            scales,
            hi,
            lo,
            graph,
            axes: header.axes,
            candidates: header.candidates,
        })
    }

    /// Coarse scores of nodes, in the place of what `out` held.
    #[inline]
    pub(crate) fn approximate_of(&self, query: &Query, nodes: &[u32], out: &mut Vec<Scored>) {
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

    /// Coarse score of a node.
    #[inline]
    pub(crate) fn approximate(&self, query: &Query, node: u32) -> Scored {
        let hi = bytemuck::cast_slice(&self.hi[self.range(node)]);
        Scored::new(query.approximate(self.scale(node), hi), node)
    }

    /// Asks for what [`approximate`](Self::approximate) reads.
    #[inline]
    fn prefetch(&self, node: u32) {
        dot::prefetch(&self.hi[self.range(node)]);
        self.scales.prefetch(node as usize);
    }

    /// Full score of a node.
    pub(crate) fn score(&self, query: &Query, node: u32) -> f32 {
        let range = self.range(node);
        let hi = bytemuck::cast_slice(&self.hi[range.clone()]);
        let lo = bytemuck::cast_slice(&self.lo[range]);
        query.score(self.scale(node), hi, lo)
    }

    /// The embedding of a node; shares the segment's bytes.
    pub(crate) fn embedding(&self, node: u32) -> Quantised {
        let range = self.range(node);
        Quantised::stored(
            self.scale(node),
            self.hi.slice(range.clone()),
            self.lo.slice(range),
            self.axes,
        )
    }

    /// What the components of its vectors are measured along.
    pub(crate) fn axes(&self) -> Axes {
        self.axes
    }

    /// Candidates that a walk needs to find the best few; `None` where that was not measured.
    pub(crate) fn candidates(&self) -> Option<usize> {
        Some(usize::from(self.candidates)).filter(|&candidates| candidates > 0)
    }

    /// Asks for what [`score`](Self::score) reads.
    pub(crate) fn prefetch_full(&self, node: u32) {
        let range = self.range(node);
        dot::prefetch(&self.hi[range.clone()]);
        dot::prefetch(&self.lo[range]);
        self.scales.prefetch(node as usize);
    }

    /// The largest scale of any node, 0 without nodes.
    pub(crate) fn largest_scale(&self) -> f32 {
        self.largest_scale
    }

    /// The graph, if there is one.
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

fn largest_scale(scales: &U32s) -> Result<f32, IndexError> {
    let mut largest = 0.0f32;
    for scale in scales.iter().map(f32::from_bits) {
        // A component of a unit vector is at most 1; a hair of rounding is allowed.
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
    use crate::segment::columns::Columns;

    #[test]
    fn scales_that_no_unit_vector_has_are_refused() {
        let scales = |scale: f32| {
            let mut columns = Columns::after(0, 0);
            columns.put_u32s([0.001f32.to_bits(), scale.to_bits()]);
            let mut cursor = Cursor::new(columns.into_bytes().into(), 0);
            largest_scale(&cursor.take_u32s(2).unwrap())
        };
        assert_eq!(scales(1.0 / 127.0), Ok(1.0 / 127.0));
        for bad in [f32::NAN, f32::INFINITY, -0.001, 0.1] {
            assert!(scales(bad).is_err(), "{bad}");
        }
    }
}
