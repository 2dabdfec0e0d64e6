//! From picture bytes to embedding, piece by piece: `cargo bench --bench picture`.
//!
//! The pictures are those of the tests. `make bench` measures on photos, beside other libraries.

#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::LazyLock;

use divan::{Bencher, black_box};
use lookalike_encoder::Encoder;

const PICTURES: [&str; 4] = [
    "baseline-640x480.jpg",
    "progressive-400x533.jpg",
    "large-4000x3000.jpg",
    "lossy-400x301.webp",
];

static ENCODER: LazyLock<Encoder> = LazyLock::new(|| Encoder::embedded().unwrap());

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 10)]
fn load_encoder() -> Encoder {
    Encoder::embedded().unwrap()
}

#[divan::bench(args = PICTURES)]
fn decode_and_resize(bencher: Bencher<'_, '_>, name: &str) {
    let (encoder, picture) = (&*ENCODER, read(name));
    bencher.bench(|| encoder.preprocess(black_box(&picture)));
}

#[divan::bench]
fn network(bencher: Bencher<'_, '_>) {
    let encoder = &*ENCODER;
    let pixels = encoder.preprocess(&read(PICTURES[0])).unwrap();
    bencher.bench(|| encoder.run(black_box(&pixels)));
}

#[divan::bench(args = PICTURES)]
fn embed(bencher: Bencher<'_, '_>, name: &str) {
    let (encoder, picture) = (&*ENCODER, read(name));
    bencher.bench(|| encoder.embed(black_box(&picture)));
}

fn read(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/pictures");
    std::fs::read(format!("{folder}/{name}")).unwrap()
}
