//! From image bytes to embedding, piece by piece: `cargo bench --bench image`.
//!
//! The images are those of the tests. `make bench` measures with photos, and compares with other
//! libraries.

#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::LazyLock;

use divan::{Bencher, black_box};
use lookalike_encoder::Encoder;

const IMAGES: [&str; 4] = [
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

#[divan::bench(args = IMAGES)]
fn decode_and_resize(bencher: Bencher<'_, '_>, name: &str) {
    let (encoder, image) = (&*ENCODER, read(name));
    bencher.bench(|| encoder.preprocess(black_box(&image)));
}

#[divan::bench]
fn network(bencher: Bencher<'_, '_>) {
    let encoder = &*ENCODER;
    let pixels = encoder.preprocess(&read(IMAGES[0])).unwrap();
    bencher.bench(|| encoder.run(black_box(&pixels)));
}

#[divan::bench(args = IMAGES)]
fn embed(bencher: Bencher<'_, '_>, name: &str) {
    let (encoder, image) = (&*ENCODER, read(name));
    bencher.bench(|| encoder.embed(black_box(&image)));
}

fn read(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/pictures");
    std::fs::read(format!("{folder}/{name}")).unwrap()
}
