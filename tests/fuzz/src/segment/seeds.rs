//! Segments to start from.

use std::f32::consts::TAU;
use std::path::Path;

use bytes::Bytes;
use lookalike_index::{QuantizedVector, Row, Segment, SegmentContent, SegmentKind, Snapshot};
use serde_json::json;

use super::repair::{ENCODER, id, put, repaired};

/// The folder that segments are written to, instead of fuzzing.
const FOLDER: &str = "LOOKALIKE_FUZZ_SEEDS";

/// Nodes of a graph that is walked: 64 times as many as the candidates of the header.
const WALKED_NODES: u16 = 650;
const CANDIDATES: u16 = 10;
const LAYERS: usize = 76;
const EF: usize = 14;
const VECTOR_ALIGNMENT: usize = 64;

/// Writes segments and ends the program, if the environment names a folder.
pub fn write_segments() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let small = encoded(SegmentKind::Delta, 9, 4);
    let flat = encoded(SegmentKind::Base, WALKED_NODES, 2);
    let graph = with_graph(flat, u32::from(WALKED_NODES));
    assert!(is_walked(&graph), "searches do not use the graph");
    for (name, bytes) in [("delta.seg", small), ("graph.seg", graph)] {
        let written = std::fs::write(Path::new(&folder).join(name), bytes);
        written.expect("the folder can be written to");
    }
    std::process::exit(0);
}

/// Rows with attributes of every type; each third vector occurs twice if the segment is small.
fn encoded(kind: SegmentKind, count: u16, dimensions: usize) -> Vec<u8> {
    let rows = (0..count).map(|row| {
        let seen = if count < 100 && row % 3 == 2 {
            row - 1
        } else {
            row
        };
        let angle = TAU * f32::from(seen) / f32::from(count);
        let mut vector = vec![0.0; dimensions];
        (vector[0], vector[1]) = angle.sin_cos();
        let attributes = match row % 5 {
            0 => json!({"a": row / 100, "b": "x"}),
            1 => json!({"a": [1, 2.5], "b": ["x", "y"]}),
            2 => json!({"a": true, "c": "größe"}),
            3 => json!({"b": "", "c": null, "d": {"e": 1}}),
            _ => json!({}),
        };
        Row {
            key: format!("{row}"),
            product_id: format!("p{}", row / 2),
            etag: "\"1\"".to_owned(),
            attributes: serde_json::from_value(attributes).expect("an object"),
            embedding: QuantizedVector::new(&vector).expect("it has a direction"),
        }
    });
    let content = SegmentContent {
        rows: rows.collect(),
        tombstones: vec!["gone".to_owned(), "weg".to_owned()],
        deleted: [(id(1), vec![0, 3]), (id(2), vec![7])].into(),
    };
    let encoded = match kind {
        SegmentKind::Delta => content.encode_delta(id(1), ENCODER, dimensions),
        SegmentKind::Base => content.encode_base(id(1), ENCODER, dimensions, None),
    };
    encoded.expect("it is small").bytes
}

/// Adds a graph, which no writer builds for so few nodes: each has links to its neighbors and to one far away.
fn with_graph(mut bytes: Vec<u8>, nodes: u32) -> Vec<u8> {
    // The body ends with its number of further sections, none, and with padding.
    let content = bytes
        .iter()
        .rposition(|&byte| byte != 0)
        .unwrap_or_default();
    bytes.truncate(content + 1);
    align(&mut bytes, 8);
    bytes.extend((0..=nodes).flat_map(|node| (3 * node).to_le_bytes()));
    align(&mut bytes, 8);
    for node in 0..nodes {
        for to in [node + 1, node + nodes - 1, node * 37] {
            bytes.extend(&(to % nodes).to_le_bytes()[..3]);
        }
    }
    align(&mut bytes, 8);
    bytes.extend(40_u32.to_le_bytes());
    align(&mut bytes, 8);
    bytes.extend(0_u32.to_le_bytes());
    align(&mut bytes, VECTOR_ALIGNMENT);
    put(&mut bytes, LAYERS, &2_u32.to_le_bytes());
    put(&mut bytes, EF, &CANDIDATES.to_le_bytes());
    repaired(&bytes, id(1))
}

fn is_walked(bytes: &[u8]) -> bool {
    let segment = Segment::open(&Bytes::copy_from_slice(bytes), id(1), ENCODER);
    let snapshot = segment.and_then(|segment| Snapshot::new(vec![segment], 2));
    snapshot.is_ok_and(|snapshot| snapshot.walks_a_graph(1))
}

fn align(bytes: &mut Vec<u8>, alignment: usize) {
    bytes.resize(bytes.len().next_multiple_of(alignment), 0);
}
