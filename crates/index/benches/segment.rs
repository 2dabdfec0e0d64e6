//! Searching, opening and encoding a segment, piece by piece: `cargo bench --bench segment`.
//!
//! The vectors are synthetic, around centers like images of one kind: good for comparing one version of this
//! code with the next, and for profiles. Published figures are measured on real embeddings, by `make bench`.

#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::LazyLock;

use bytes::Bytes;
use divan::{Bencher, black_box};
use lookalike_index::{
    Attributes, CompactionPolicy, Fingerprint, QuantizedVector, Row, SearchRequest, Segment,
    SegmentContent, SegmentId, Snapshot,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};

const DIMENSIONS: usize = 256;
const ROWS: usize = 20_000;
const KINDS: usize = 200;
/// Distance between two vectors of a kind, relative to the length of what they share.
const SPREAD: f32 = 0.7;
const ENCODER: Fingerprint = Fingerprint([1; 32]);

static VECTORS: LazyLock<Vec<Vec<f32>>> = LazyLock::new(|| vectors(ROWS + 100));
static WITH_GRAPH: LazyLock<Bytes> = LazyLock::new(|| base(true));
static WITHOUT: LazyLock<Bytes> = LazyLock::new(|| base(false));

fn main() {
    divan::main();
}

#[divan::bench]
fn search_by_graph(bencher: Bencher<'_, '_>) {
    search(bencher, &WITH_GRAPH);
}

#[divan::bench]
fn search_every_row(bencher: Bencher<'_, '_>) {
    search(bencher, &WITHOUT);
}

#[divan::bench]
fn open_base(bencher: Bencher<'_, '_>) {
    let bytes = &*WITH_GRAPH;
    bencher.bench(|| Snapshot::new(vec![open(black_box(bytes))], DIMENSIONS).unwrap());
}

#[divan::bench(args = [50, 1000])]
fn encode_delta(bencher: Bencher<'_, '_>, rows: usize) {
    let content = content(rows);
    bencher.bench(|| black_box(&content).encode_delta(id(), ENCODER, DIMENSIONS));
}

#[divan::bench]
fn quantize(bencher: Bencher<'_, '_>) {
    let vector = &VECTORS[0];
    bencher.bench(|| QuantizedVector::new(black_box(vector)));
}

fn search(bencher: Bencher<'_, '_>, bytes: &Bytes) {
    let snapshot = Snapshot::new(vec![open(bytes)], DIMENSIONS).unwrap();
    let mut queries = VECTORS[ROWS..].iter().cycle();
    bencher
        .with_inputs(|| queries.next().unwrap())
        .bench_local_values(|vector| snapshot.search(SearchRequest::new(vector, 10)));
}

fn open(bytes: &Bytes) -> Segment {
    Segment::open(bytes, id(), ENCODER).unwrap()
}

fn id() -> SegmentId {
    SegmentId::new(0, 0)
}

fn base(graph: bool) -> Bytes {
    let graph = CompactionPolicy::default()
        .graph_for(ROWS)
        .filter(|_| graph);
    let encoded = content(ROWS).encode_base(id(), ENCODER, DIMENSIONS, graph);
    encoded.unwrap().bytes.into()
}

fn content(rows: usize) -> SegmentContent {
    let rows = VECTORS[..rows].iter().enumerate();
    SegmentContent {
        rows: rows
            .map(|(number, vector)| Row {
                key: format!("catalog/kind-{}/{number}.jpg", number % KINDS),
                product_id: number.to_string(),
                etag: format!("\"{number:032x}\""),
                attributes: Attributes::new(),
                embedding: QuantizedVector::new(vector).unwrap(),
            })
            .collect(),
        ..SegmentContent::default()
    }
}

fn vectors(count: usize) -> Vec<Vec<f32>> {
    let mut dice = StdRng::seed_from_u64(7);
    let mut direction = || -> Vec<f32> {
        (0..DIMENSIONS)
            .map(|_| dice.random_range(-1.0..1.0))
            .collect()
    };
    let centers: Vec<_> = (0..KINDS).map(|_| direction()).collect();
    (0..count)
        .map(|number| {
            let center = centers[number % KINDS].iter();
            center
                .zip(direction())
                .map(|(c, o)| c + SPREAD * o)
                .collect()
        })
        .collect()
}
