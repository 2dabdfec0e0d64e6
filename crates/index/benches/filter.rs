//! Searching with and without a filter among 100,000 rows: `cargo bench --bench filter`.
//!
//! The vectors are synthetic: kinds of several sizes, and in each of them clusters of products, as
//! in catalogs. Some attributes depend on the kind, others on nothing.

#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::LazyLock;

use bytes::Bytes;
use divan::{Bencher, black_box};
use lookalike_index::{
    Attributes, CompactionPolicy, Filter, Fingerprint, QuantizedVector, Row, SearchRequest,
    Segment, SegmentContent, SegmentId, Snapshot,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::json;

const DIMENSIONS: usize = 256;
const ROWS: usize = 100_000;
const ENCODER: Fingerprint = Fingerprint([1; 32]);

/// Filters that select everything, half, a twentieth, a two-hundredth or one product; the kind of
/// the query or another one; a range of prices.
const FILTERS: [&str; 8] = [
    "none",
    "half=1",
    "twentieth=1",
    "two_hundredth=1",
    "sku=sku-4711",
    "kind=0",
    "kind=1",
    "price<50",
];

static VECTORS: LazyLock<Vec<(usize, Vec<f32>)>> = LazyLock::new(|| vectors(ROWS + 200));
static STORED: LazyLock<Bytes> = LazyLock::new(base);

fn main() {
    divan::main();
}

#[divan::bench(args = FILTERS)]
fn search(bencher: Bencher<'_, '_>, filter: &str) {
    let snapshot = open();
    let selection = (filter != "none").then(|| {
        let filter = Filter::from_text(filter).unwrap();
        snapshot.select(&filter, &[]).unwrap()
    });
    let queries = VECTORS[ROWS..].iter().filter(|(kind, _)| *kind == 0);
    let mut queries = queries.cycle();
    bencher
        .with_inputs(|| &queries.next().unwrap().1)
        .bench_local_values(|vector| {
            let request = SearchRequest {
                filter: selection.as_deref(),
                ..SearchRequest::new(vector, 10)
            };
            snapshot.search(request).unwrap()
        });
}

/// Selects by a filter that was not used before.
#[divan::bench(args = FILTERS)]
fn select(bencher: Bencher<'_, '_>, filter: &str) {
    let snapshot = open();
    let schema = Filter::from_text("sku").unwrap();
    snapshot.select(&schema, &[]).unwrap();
    let mut others = 0;
    bencher
        .with_inputs(|| {
            // A value that no row has makes the filter new.
            others += 1;
            let other = format!("sku={others}");
            match filter {
                "none" => Filter::from_text(&other).unwrap(),
                filter => Filter::from_texts([filter, &other.replace('=', "!=")]).unwrap(),
            }
        })
        .bench_local_values(|filter| snapshot.select(&filter, &[]).unwrap());
}

/// The first filter after a start, which parses 100,000 different attributes.
#[divan::bench]
fn first_use(bencher: Bencher<'_, '_>) {
    let filter = Filter::from_text("half=1").unwrap();
    bencher
        .with_inputs(open)
        .bench_local_values(|snapshot| snapshot.select(&filter, &[]).unwrap());
}

#[divan::bench(args = ["kind", "brand", "price", "sku", "tags"])]
fn facet(bencher: Bencher<'_, '_>, attribute: &str) {
    let snapshot = open();
    let filter = Filter::from_text("half=1").unwrap();
    let selection = snapshot.select(&filter, &[]).unwrap();
    bencher.bench_local(|| {
        snapshot
            .facet(black_box(attribute), Some(&selection), 20)
            .unwrap()
    });
}

#[divan::bench]
fn describe(bencher: Bencher<'_, '_>) {
    let filter = Filter::from_text("half=1").unwrap();
    bencher
        .with_inputs(|| {
            let snapshot = open();
            snapshot.select(&filter, &[]).unwrap();
            snapshot
        })
        .bench_local_refs(|snapshot| snapshot.attributes().len());
}

fn open() -> Snapshot {
    let segment = Segment::open(&STORED, id(), ENCODER).unwrap();
    Snapshot::new(vec![segment], DIMENSIONS).unwrap()
}

fn id() -> SegmentId {
    SegmentId::new(0, 0)
}

fn base() -> Bytes {
    let rows = VECTORS[..ROWS].iter().enumerate();
    let mut dice = StdRng::seed_from_u64(9);
    let content = SegmentContent {
        rows: rows
            .map(|(number, (kind, vector))| Row {
                key: format!("catalog/kind-{kind}/{number}.jpg"),
                product_id: number.to_string(),
                etag: format!("\"{number:032x}\""),
                attributes: attributes(number, *kind, &mut dice),
                embedding: QuantizedVector::new(vector).unwrap(),
            })
            .collect(),
        ..SegmentContent::default()
    };
    let graph = CompactionPolicy::default().graph_for(ROWS);
    let encoded = content.encode_base(id(), ENCODER, DIMENSIONS, graph);
    encoded.unwrap().bytes.into()
}

fn attributes(number: usize, kind: usize, dice: &mut StdRng) -> Attributes {
    let chosen: u32 = dice.random_range(0..200);
    let tags = ["new", "sale", "summer", "winter", "gift", "kids"];
    let price = f64::from(dice.random_range(500..20_000)) / 100.0;
    let all = json!({
        "category": format!("kind {kind}"),
        "kind": kind.to_string(),
        "brand": format!("brand {}", dice.random_range(0..500)),
        "price": price,
        "half": chosen % 2,
        "twentieth": chosen % 20,
        "two_hundredth": chosen,
        "on_sale": chosen < 30,
        "sku": format!("sku-{number}"),
        "tags": [tags[chosen as usize % 6], tags[(chosen as usize + 1) % 6]],
    });
    serde_json::from_value(all).unwrap()
}

/// Returns vectors and their kinds: kind 0 has a fifth of all, each further kind fewer than the one
/// before.
fn vectors(count: usize) -> Vec<(usize, Vec<f32>)> {
    const KINDS: usize = 60;
    const MAKES: usize = 40;
    let mut dice = StdRng::seed_from_u64(7);
    let mut direction = |length: f32| -> Vec<f32> {
        let random = (0..DIMENSIONS).map(|_| dice.random_range(-1.0..1.0));
        let random: Vec<f32> = random.collect();
        let norm = random.iter().map(|x| x * x).sum::<f32>().sqrt();
        random.into_iter().map(|x| x * length / norm).collect()
    };
    let add =
        |a: &[f32], b: Vec<f32>| -> Vec<f32> { a.iter().zip(b).map(|(a, b)| a + b).collect() };
    let makes: Vec<Vec<Vec<f32>>> = (0..KINDS)
        .map(|_| {
            let kind = direction(1.0);
            (0..MAKES).map(|_| add(&kind, direction(0.6))).collect()
        })
        .collect();
    let mut dice = StdRng::seed_from_u64(8);
    (0..count)
        .map(|_| {
            let share: f64 = dice.random_range(0.0..1.0);
            let kind = ((share * share) * KINDS as f64) as usize;
            let make = dice.random_range(0..MAKES);
            (kind, add(&makes[kind][make], direction(0.7)))
        })
        .collect()
}
