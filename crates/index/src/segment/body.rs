//! The part of a segment that only a search reads: vectors and graph.

use bytes::Bytes;

use super::cursor::{Cursor, U32s};
use super::header::{Header, check, check_length, malformed};
use crate::error::IndexError;
use crate::quantise::QuantisedView;

/// Vectors and graph, opened in place.
#[derive(Debug, Clone)]
pub(crate) struct SegmentBody {
    dimensions: usize,
    scales: U32s,
    hi: Bytes,
    lo: Bytes,
    layers: Vec<LayerView>,
}

/// The links of one layer of the graph.
#[derive(Debug, Clone)]
pub(crate) struct LayerView {
    starts: U32s,
    targets: U32s,
}

impl LayerView {
    /// The nodes that `node` is linked to.
    #[inline]
    pub(crate) fn links(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        let node = node as usize;
        let range = self.starts.get(node) as usize..self.starts.get(node + 1) as usize;
        let (words, _) = self.targets.slice(range).as_chunks::<4>();
        words.iter().map(|word| u32::from_le_bytes(*word))
    }

    fn take(cursor: &mut Cursor, nodes: usize) -> Result<Self, IndexError> {
        let covered = cursor.take_u32()? as usize;
        if covered == 0 || covered > nodes {
            return Err(malformed("a graph layer covers nodes that do not exist"));
        }
        let starts = cursor.take_u32s(covered + 1)?;
        let targets = cursor.take_u32s(starts.last().unwrap_or(0) as usize)?;
        let ordered = (1..starts.len()).all(|i| starts.get(i - 1) <= starts.get(i));
        let fits = targets.iter().all(|target| (target as usize) < covered);
        if !ordered || !fits {
            return Err(malformed("a graph link points outside of its layer"));
        }
        Ok(Self { starts, targets })
    }
}

impl SegmentBody {
    /// Opens the body of a whole segment whose header was decoded, and checks it.
    pub(crate) fn open(segment: &Bytes, header: &Header) -> Result<Self, IndexError> {
        check_length(header.total_bytes, segment.len())?;
        if header.meta_bytes > header.total_bytes {
            return Err(malformed("meta is longer than the segment"));
        }
        let body = segment.slice(header.meta_bytes as usize..);
        check(header.body_checksum, &body)?;
        let nodes = header.nodes as usize;
        let dimensions = header.dimensions as usize;
        let mut cursor = Cursor::new(body);
        let scales = cursor.take_u32s(nodes)?;
        let hi = cursor.take(nodes, dimensions)?;
        let lo = cursor.take(nodes, dimensions)?;
        let layers = (0..header.layers)
            .map(|_| LayerView::take(&mut cursor, nodes))
            .collect::<Result<Vec<_>, _>>()?;
        cursor.finish()?;
        Ok(Self {
            dimensions,
            scales,
            hi,
            lo,
            layers,
        })
    }

    #[inline]
    pub(crate) fn scale(&self, node: u32) -> f32 {
        f32::from_bits(self.scales.get(node as usize))
    }

    #[inline]
    pub(crate) fn hi(&self, node: u32) -> &[i8] {
        self.vector(&self.hi, node)
    }

    pub(crate) fn vector_of(&self, node: u32) -> QuantisedView<'_> {
        QuantisedView {
            scale: self.scale(node),
            hi: self.hi(node),
            lo: self.vector(&self.lo, node),
        }
    }

    /// Layers of the graph from the bottom up; none without a graph.
    pub(crate) fn layers(&self) -> &[LayerView] {
        &self.layers
    }

    #[inline]
    fn vector<'a>(&self, matrix: &'a Bytes, node: u32) -> &'a [i8] {
        let start = node as usize * self.dimensions;
        bytemuck::cast_slice(&matrix[start..start + self.dimensions])
    }
}
