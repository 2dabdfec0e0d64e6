//! Shared parts of the tests: one encoder for a whole test program, and the golden images.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

pub mod area;
pub mod avif;
pub mod made;
pub mod png;
pub mod tiff;

use std::path::PathBuf;
use std::sync::LazyLock;

use lookalike_encoder::Encoder;

/// The built-in encoder. Loading it takes a while, so every test uses the same one.
pub static ENCODER: LazyLock<Encoder> = LazyLock::new(|| Encoder::embedded().unwrap());

/// Loads an encoder of `models/` as its files are stored beside an index.
pub fn from_models(name: &str) -> Encoder {
    let [onnx, config] = model_files(name);
    Encoder::from_parts(name, &onnx, &config).unwrap()
}

/// Returns the ONNX file and the preprocessing file of an encoder of `models/`.
pub fn model_files(name: &str) -> [Vec<u8>; 2] {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models");
    ["model.onnx", "preprocessor_config.json"]
        .map(|file| std::fs::read(folder.join(name).join(file)).unwrap())
}

pub fn golden_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

pub fn golden(name: &str) -> Vec<u8> {
    std::fs::read(golden_folder().join("pictures").join(name)).unwrap()
}

/// Returns the names of all golden images, in order.
pub fn golden_names() -> Vec<String> {
    let entries = std::fs::read_dir(golden_folder().join("pictures")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

pub fn cosine(left: &[f32], right: &[f32]) -> f64 {
    assert_eq!(left.len(), right.len());
    left.iter()
        .zip(right)
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum()
}
