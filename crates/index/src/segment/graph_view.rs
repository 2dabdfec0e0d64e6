//! The stored form of a graph: the links of the bottom layer, and the number of nodes of each other
//! layer.

use bytes::Bytes;

use super::checks::malformed;
use super::header::Header;
use super::reader::SegmentReader;
use super::stored_columns::U32Column;
use super::writer::SegmentWriter;
use crate::dot;
use crate::error::IndexError;
use crate::hnsw::Links;
use crate::quantization::Basis;

/// Up to this number of nodes, a node's number fits into three bytes. That saves a tenth of the
/// bytes that a walk reads, and of those that are stored.
const SHORT: usize = 1 << 24;
/// Bytes of such a short number.
const SHORT_BYTES: usize = 3;

/// Number of bytes that are prefetched: the links of most nodes are in two cache lines.
const FEW_LINKS_BYTES: usize = 128;

/// A graph, opened in place.
#[derive(Debug, Clone)]
pub(crate) struct GraphView {
    /// Node `i` is linked to the targets at `starts[i]..starts[i + 1]`.
    starts: U32Column,
    targets: Targets,
    /// Number of nodes in each layer, from the bottom up; a layer consists of the first nodes.
    /// Walks do not use the links of the upper ones: see [`search`](crate::hnsw::search).
    layers: Vec<usize>,
}

#[derive(Debug, Clone)]
enum Targets {
    Short(Bytes),
    Long(U32Column),
}

/// Writes the links of the bottom layer, then the number of nodes of each layer above. `covered` has all
/// layers, from the bottom up.
pub(super) fn put(writer: &mut SegmentWriter, bottom: &Links, covered: &[u32]) {
    writer.put_u32s(bottom.starts.iter().copied());
    if bottom.starts.len() - 1 <= SHORT {
        let bytes = bottom.targets.iter().flat_map(|target| {
            let [a, b, c, _] = target.to_le_bytes();
            [a, b, c]
        });
        writer.put_bytes(bytes);
    } else {
        writer.put_u32s(bottom.targets.iter().copied());
    }
    writer.put_u32s(covered.iter().skip(1).copied());
}

impl GraphView {
    /// Reads the graph of a body in the version of the header; `None` if there is no graph.
    pub(super) fn take(
        reader: &mut SegmentReader,
        header: &Header,
    ) -> Result<Option<Self>, IndexError> {
        if header.layers == 0 {
            return Ok(None);
        }
        let view = match header.basis {
            Basis::Original => Self::take_version_1(reader, header)?,
            Basis::Rotated => Self::take_newest(reader, header)?,
        };
        view.check(header.nodes as usize)?;
        Ok(Some(view))
    }

    fn take_newest(reader: &mut SegmentReader, header: &Header) -> Result<Self, IndexError> {
        let nodes = header.nodes as usize;
        let starts = reader.take_u32s(nodes + 1)?;
        let links = starts.last().unwrap_or(0) as usize;
        let targets = if nodes <= SHORT {
            Targets::Short(reader.take(links, SHORT_BYTES)?)
        } else {
            Targets::Long(reader.take_u32s(links)?)
        };
        let above = reader.take_u32s(header.layers as usize - 1)?;
        let above = above.iter().map(|covered| covered as usize);
        Ok(Self {
            starts,
            targets,
            layers: std::iter::once(nodes).chain(above).collect(),
        })
    }

    /// Reads every layer with its number of nodes and its links. Those of the upper layers are not
    /// used.
    fn take_version_1(reader: &mut SegmentReader, header: &Header) -> Result<Self, IndexError> {
        let mut bottom = None;
        let mut layers = Vec::new();
        for _ in 0..header.layers {
            let covered = reader.take_u32()? as usize;
            let starts = reader.take_u32s(covered.saturating_add(1))?;
            let targets = reader.take_u32s(starts.last().unwrap_or(0) as usize)?;
            layers.push(covered);
            bottom.get_or_insert((starts, Targets::Long(targets)));
        }
        let (starts, targets) = bottom.ok_or_else(|| malformed("a graph has no layer"))?;
        Ok(Self {
            starts,
            targets,
            layers,
        })
    }

    /// Checks that every link and layer fits a graph over `nodes` nodes. Each layer consists of the
    /// first nodes: it has all nodes of the layer above, and the bottom layer has all nodes.
    fn check(&self, nodes: usize) -> Result<(), IndexError> {
        if self.starts.len() != nodes + 1 || self.layers.first() != Some(&nodes) {
            return Err(malformed(
                "a graph has another number of nodes than the body",
            ));
        }
        let descending = self.layers.is_sorted_by(|below, above| below >= above);
        if !descending || self.layers.contains(&0) {
            return Err(malformed(
                "a graph layer has nodes that the layer below lacks, or none at all",
            ));
        }
        if !self.starts.iter().is_sorted() || !self.targets.all_below(nodes) {
            return Err(malformed("a graph link points outside of its layer"));
        }
        Ok(())
    }

    /// Adds the nodes to which `node` is linked and that `wanted` accepts to `out`.
    #[inline]
    pub(crate) fn links(&self, node: u32, out: &mut Vec<u32>, mut wanted: impl FnMut(u32) -> bool) {
        let node = node as usize;
        let range = self.starts.get(node) as usize..self.starts.get(node + 1) as usize;
        match &self.targets {
            Targets::Short(bytes) => {
                let bytes = &bytes[SHORT_BYTES * range.start..SHORT_BYTES * range.end];
                let (numbers, _) = bytes.as_chunks();
                out.extend(numbers.iter().map(long).filter(|&to| wanted(to)));
            }
            Targets::Long(numbers) => out.extend(numbers.slice(range).filter(|&to| wanted(to))),
        }
    }

    /// Prefetches the position of the links of `node`.
    #[inline]
    pub(crate) fn prefetch_start(&self, node: u32) {
        self.starts.prefetch(node as usize);
    }

    /// Prefetches the first links of `node`.
    #[inline]
    pub(crate) fn prefetch_links(&self, node: u32) {
        let start = self.starts.get(node as usize) as usize;
        match &self.targets {
            Targets::Short(bytes) => {
                let rest = bytes.get(SHORT_BYTES * start..).unwrap_or_default();
                dot::prefetch(&rest[..rest.len().min(FEW_LINKS_BYTES)]);
            }
            Targets::Long(numbers) => {
                if start < numbers.len() {
                    numbers.prefetch(start);
                }
            }
        }
    }

    /// Returns the number of nodes in each layer, from the bottom up.
    pub(crate) fn layers(&self) -> &[usize] {
        &self.layers
    }
}

impl Targets {
    fn all_below(&self, nodes: usize) -> bool {
        match self {
            Self::Short(bytes) => {
                let (numbers, _) = bytes.as_chunks();
                numbers.iter().all(|number| (long(number) as usize) < nodes)
            }
            Self::Long(numbers) => numbers.iter().all(|number| (number as usize) < nodes),
        }
    }
}

#[inline]
fn long(&[a, b, c]: &[u8; SHORT_BYTES]) -> u32 {
    u32::from_le_bytes([a, b, c, 0])
}

#[cfg(test)]
mod tests;
