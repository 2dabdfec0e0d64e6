//! The stored form of a graph: the links of the bottom layer, and how many nodes the others have.

use bytes::Bytes;

use super::columns::Columns;
use super::cursor::{Cursor, U32s};
use super::header::{Header, malformed};
use crate::dot;
use crate::error::IndexError;
use crate::graph_links::Links;
use crate::quantise::Axes;

/// Up to so many nodes, the number of one fits into three bytes: a tenth of the bytes that a walk reads, and
/// of those that are stored, are saved.
const SHORT: usize = 1 << 24;
/// Bytes of a number then.
const SHORT_BYTES: usize = 3;

/// Bytes that are asked for ahead: most nodes have no more links than lie in two cache lines.
const FEW_LINKS_BYTES: usize = 128;

/// A graph, opened in place.
#[derive(Debug, Clone)]
pub(crate) struct GraphView {
    /// Node `i` is linked to the targets at `starts[i]..starts[i + 1]`.
    starts: U32s,
    targets: Targets,
    /// How many of the first nodes each layer has, from the bottom up. Links of the upper ones are not
    /// walked: see [`graph_search`](crate::graph_search).
    layers: Vec<usize>,
}

#[derive(Debug, Clone)]
enum Targets {
    Short(Bytes),
    Long(U32s),
}

/// Writes the links of the bottom layer, then the number of nodes of each layer above. `covered` has all
/// layers, from the bottom up.
pub(super) fn put(columns: &mut Columns, bottom: &Links, covered: &[u32]) {
    columns.put_u32s(bottom.starts.iter().copied());
    if bottom.starts.len() - 1 <= SHORT {
        let bytes = bottom.targets.iter().flat_map(|target| {
            let [a, b, c, _] = target.to_le_bytes();
            [a, b, c]
        });
        columns.put_bytes(bytes);
    } else {
        columns.put_u32s(bottom.targets.iter().copied());
    }
    columns.put_u32s(covered.iter().skip(1).copied());
}

impl GraphView {
    /// Takes the graph off a body, as the version that the header names wrote it; `None` without one.
    pub(super) fn take(cursor: &mut Cursor, header: &Header) -> Result<Option<Self>, IndexError> {
        if header.layers == 0 {
            return Ok(None);
        }
        let view = match header.axes {
            Axes::Original => Self::take_version_1(cursor, header)?,
            Axes::Turned => Self::take_newest(cursor, header)?,
        };
        view.check(header.nodes as usize)?;
        Ok(Some(view))
    }

    fn take_newest(cursor: &mut Cursor, header: &Header) -> Result<Self, IndexError> {
        let nodes = header.nodes as usize;
        let starts = cursor.take_u32s(nodes + 1)?;
        let links = starts.last().unwrap_or(0) as usize;
        let targets = if nodes <= SHORT {
            Targets::Short(cursor.take(links, SHORT_BYTES)?)
        } else {
            Targets::Long(cursor.take_u32s(links)?)
        };
        let above = cursor.take_u32s(header.layers as usize - 1)?;
        let above = above.iter().map(|covered| covered as usize);
        Ok(Self {
            starts,
            targets,
            layers: std::iter::once(nodes).chain(above).collect(),
        })
    }

    /// Every layer with its number of nodes and its links, those of the upper ones of no use.
    fn take_version_1(cursor: &mut Cursor, header: &Header) -> Result<Self, IndexError> {
        let mut bottom = None;
        let mut layers = Vec::new();
        for _ in 0..header.layers {
            let covered = cursor.take_u32()? as usize;
            let starts = cursor.take_u32s(covered.saturating_add(1))?;
            let targets = cursor.take_u32s(starts.last().unwrap_or(0) as usize)?;
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

    /// Whether every link and layer is one of a graph over so many nodes. The nodes of a layer are the first
    /// so many, a sample at which walks begin: every layer has what the one above has, and the bottom all.
    fn check(&self, nodes: usize) -> Result<(), IndexError> {
        if self.starts.len() != nodes + 1 || self.layers.first() != Some(&nodes) {
            return Err(malformed("a graph is over other nodes than there are"));
        }
        let descending = self.layers.is_sorted_by(|below, above| below >= above);
        if !descending || self.layers.contains(&0) {
            return Err(malformed(
                "a graph layer has nodes that the layer below lacks, or none",
            ));
        }
        if !self.starts.iter().is_sorted() || !self.targets.all_below(nodes) {
            return Err(malformed("a graph link points outside of its layer"));
        }
        Ok(())
    }

    /// Adds the nodes that `node` is linked to and that `wanted` accepts.
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

    /// Asks for what tells where the links of `node` are.
    #[inline]
    pub(crate) fn prefetch_start(&self, node: u32) {
        self.starts.prefetch(node as usize);
    }

    /// Asks for the first links of `node`.
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

    /// How many of the first nodes each layer has, from the bottom up.
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
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::segment::header::SegmentKind;
    use crate::{Fingerprint, SegmentId};

    fn header(nodes: u32, layers: u32) -> Header {
        Header {
            kind: SegmentKind::Base,
            id: SegmentId::new(1, 1),
            fingerprint: Fingerprint([1; 32]),
            dimensions: 3,
            rows: nodes,
            nodes,
            layers,
            axes: Axes::Turned,
            candidates: 0,
            recall: None,
            meta_bytes: 128,
            total_bytes: 128,
            meta_checksum: 0,
            body_checksum: 0,
        }
    }

    fn links_of(view: &GraphView, node: u32) -> Vec<u32> {
        let mut links = Vec::new();
        view.links(node, &mut links, |_| true);
        links
    }

    /// Layers over so many nodes each, node `i` of the bottom one linked to the `i`-th last.
    fn layers(covered: &[u32], nodes: u32) -> Result<Option<GraphView>, IndexError> {
        let mut columns = Columns::after(0, 0);
        let bottom = Links {
            starts: (0..=nodes).collect(),
            targets: (0..nodes).rev().collect(),
        };
        if !covered.is_empty() {
            put(&mut columns, &bottom, covered);
        }
        let mut cursor = Cursor::new(columns.into_bytes().into(), 0);
        GraphView::take(&mut cursor, &header(nodes, covered.len() as u32))
    }

    /// The same as version 1 stored it, up to so many bytes.
    fn layers_of_version_1(
        covered: &[u32],
        nodes: u32,
        bytes: usize,
    ) -> Result<Option<GraphView>, IndexError> {
        let mut columns = Columns::after(0, 0);
        for &covered in covered {
            columns.put_u32(covered);
            columns.put_u32s(0..=covered);
            columns.put_u32s((0..covered).rev());
        }
        let mut stored = columns.into_bytes();
        stored.truncate(bytes);
        let header = Header {
            axes: Axes::Original,
            ..header(nodes, covered.len() as u32)
        };
        GraphView::take(&mut Cursor::new(stored.into(), 0), &header)
    }

    #[test]
    fn layers_must_have_what_is_above_them() {
        let found = |view: Option<GraphView>| view.map_or(Vec::new(), |v| v.layers().to_vec());
        for good in [&[][..], &[5], &[5, 5], &[5, 3, 1]] {
            let expected: Vec<usize> = good.iter().map(|&n| n as usize).collect();
            assert_eq!(found(layers(good, 5).unwrap()), expected);
            let view = layers_of_version_1(good, 5, usize::MAX).unwrap();
            assert_eq!(found(view), expected);
        }
        for bad in [&[5, 0][..], &[5, 6], &[5, 3, 4]] {
            assert!(layers(bad, 5).is_err(), "{bad:?}");
        }
        for bad in [&[4][..], &[6], &[0], &[5, 0], &[5, 3, 4], &[3, 5]] {
            assert!(layers_of_version_1(bad, 5, usize::MAX).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn links_of_version_1_are_those_of_the_bottom_layer() {
        let view = layers_of_version_1(&[5, 3, 1], 5, usize::MAX)
            .unwrap()
            .unwrap();
        for node in 0..5 {
            assert_eq!(links_of(&view, node), [4 - node]);
        }
        // Where the last of its columns ends.
        let whole = 8 + 24 + 24 + 16 + 16 + 8 + 8 + 8 + 4;
        assert!(layers_of_version_1(&[5, 3, 1], 5, whole).is_ok());
        for bytes in 0..whole {
            assert!(
                layers_of_version_1(&[5, 3, 1], 5, bytes).is_err(),
                "{bytes}"
            );
        }
    }

    /// What later releases have to go on reading.
    #[test]
    fn the_stored_form_stays() {
        let stored = [
            [0, 0, 0, 0, 2, 0, 0, 0], // starts
            [2, 0, 0, 0, 3, 0, 0, 0],
            [1, 0, 0, 2, 0, 0, 0, 0], // targets 1, 2 and 0, filled up
            [0, 0, 0, 0, 0, 0, 0, 0],
            [2, 0, 0, 0, 1, 0, 0, 0], // nodes of the layers above
        ];
        let bottom = Links {
            starts: vec![0, 2, 2, 3],
            targets: vec![1, 2, 0],
        };
        let mut columns = Columns::after(0, 0);
        put(&mut columns, &bottom, &[3, 2, 1]);
        assert_eq!(columns.into_bytes(), stored.concat());
        let mut cursor = Cursor::new(Bytes::from(stored.concat()), 0);
        let view = GraphView::take(&mut cursor, &header(3, 3))
            .unwrap()
            .unwrap();
        assert_eq!(
            [0, 1, 2].map(|n| links_of(&view, n)),
            [vec![1, 2], vec![], vec![0]]
        );
        assert_eq!(view.layers(), [3, 2, 1]);
    }

    /// Numbers of three and of four bytes, on both sides of where one turns into the other.
    #[test]
    fn links_are_those_that_were_written() {
        for nodes in [1, 300, 70_000, SHORT as u32, SHORT as u32 + 1] {
            let view = layers(&[nodes], nodes).unwrap().unwrap();
            assert_eq!(matches!(view.targets, Targets::Short(_)), nodes <= 1 << 24);
            for node in [0, 1, nodes / 2, nodes - 1].map(|node| node.min(nodes - 1)) {
                assert_eq!(links_of(&view, node), [nodes - 1 - node]);
                view.prefetch_links(node);
            }
        }
    }

    #[test]
    fn links_to_nowhere_are_refused() {
        let take = |starts: [u32; 4], targets: Vec<u32>| {
            let mut columns = Columns::after(0, 0);
            let starts = starts.to_vec();
            put(&mut columns, &Links { starts, targets }, &[3]);
            let mut cursor = Cursor::new(columns.into_bytes().into(), 0);
            GraphView::take(&mut cursor, &header(3, 1)).map(Option::unwrap)
        };
        let good = take([0, 2, 2, 3], vec![1, 2, 0]).unwrap();
        assert_eq!(
            [0, 1, 2].map(|n| links_of(&good, n)),
            [vec![1, 2], vec![], vec![0]]
        );
        assert!(take([0, 2, 2, 3], vec![1, 3, 0]).is_err());
        assert!(take([0, 3, 2, 3], vec![1, 2, 0]).is_err());
        assert!(take([0, 2, 2, 40], vec![1, 2, 0]).is_err());
    }
}
