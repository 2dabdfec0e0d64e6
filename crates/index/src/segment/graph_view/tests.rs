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
        basis: Basis::Rotated,
        ef: 0,
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

/// Builds layers with these numbers of nodes, node `i` of the bottom one linked to the `i`-th last.
fn layers(covered: &[u32], nodes: u32) -> Result<Option<GraphView>, IndexError> {
    let mut writer = SegmentWriter::after(0, 0);
    let bottom = Links {
        starts: (0..=nodes).collect(),
        targets: (0..nodes).rev().collect(),
    };
    if !covered.is_empty() {
        put(&mut writer, &bottom, covered);
    }
    let mut reader = SegmentReader::new(writer.into_bytes().into(), 0);
    GraphView::take(&mut reader, &header(nodes, covered.len() as u32))
}

/// Builds the same layers as version 1 stored them, cut off after `length` bytes.
fn layers_of_version_1(
    covered: &[u32],
    nodes: u32,
    bytes: usize,
) -> Result<Option<GraphView>, IndexError> {
    let mut writer = SegmentWriter::after(0, 0);
    for &covered in covered {
        writer.put_u32(covered);
        writer.put_u32s(0..=covered);
        writer.put_u32s((0..covered).rev());
    }
    let mut stored = writer.into_bytes();
    stored.truncate(bytes);
    let header = Header {
        basis: Basis::Original,
        ..header(nodes, covered.len() as u32)
    };
    GraphView::take(&mut SegmentReader::new(stored.into(), 0), &header)
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
    // End of the last of its columns.
    let whole = 8 + 24 + 24 + 16 + 16 + 8 + 8 + 8 + 4;
    assert!(layers_of_version_1(&[5, 3, 1], 5, whole).is_ok());
    for bytes in 0..whole {
        assert!(
            layers_of_version_1(&[5, 3, 1], 5, bytes).is_err(),
            "{bytes}"
        );
    }
}

/// Later releases must be able to read it.
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
    let mut writer = SegmentWriter::after(0, 0);
    put(&mut writer, &bottom, &[3, 2, 1]);
    assert_eq!(writer.into_bytes(), stored.concat());
    let mut reader = SegmentReader::new(Bytes::from(stored.concat()), 0);
    let view = GraphView::take(&mut reader, &header(3, 3))
        .unwrap()
        .unwrap();
    assert_eq!(
        [0, 1, 2].map(|n| links_of(&view, n)),
        [vec![1, 2], vec![], vec![0]]
    );
    assert_eq!(view.layers(), [3, 2, 1]);
}

/// Numbers of three and of four bytes, on both sides of the border between them.
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
        let mut writer = SegmentWriter::after(0, 0);
        let starts = starts.to_vec();
        put(&mut writer, &Links { starts, targets }, &[3]);
        let mut reader = SegmentReader::new(writer.into_bytes().into(), 0);
        GraphView::take(&mut reader, &header(3, 1)).map(Option::unwrap)
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
