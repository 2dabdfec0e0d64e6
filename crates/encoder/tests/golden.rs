//! Pixels and vectors agree with Pillow and onnxruntime, as recorded in `golden/golden.json`.
#![allow(clippy::unwrap_used)]

mod common;

use base64::Engine;
use common::{ENCODER, cosine, from_models, golden, golden_folder, golden_names};
use lookalike_encoder::{Area, Encoder};
use serde::Deserialize;

/// First bytes of the fingerprint of `lite0-clothing`, which indexes of earlier releases name.
const FORMER_FINGERPRINT: [u8; 6] = [0x7f, 0x92, 0x1e, 0xa0, 0xce, 0x31];
/// The same of the built-in encoder.
const FINGERPRINT: [u8; 6] = [0xc0, 0x75, 0x79, 0xe2, 0x73, 0xf9];

#[derive(Deserialize)]
struct Expected {
    file: String,
    format: String,
    pixel_means: [f64; 3],
    embedding: String,
}

fn expected() -> Vec<Expected> {
    let file = std::fs::read(golden_folder().join("golden.json")).unwrap();
    serde_json::from_slice(&file).unwrap()
}

/// Vectors of an encoder; `golden.json` has those of the former built-in one, and pixels.
#[derive(Deserialize)]
struct ExpectedVector {
    file: String,
    embedding: String,
}

fn vector(encoded: &str) -> Vec<f32> {
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(encoded)
        .unwrap();
    let (values, rest) = bytes.as_chunks::<4>();
    assert!(rest.is_empty());
    values
        .iter()
        .map(|value| f32::from_le_bytes(*value))
        .collect()
}

#[test]
fn every_image_has_an_expectation() {
    let files: Vec<_> = expected().into_iter().map(|entry| entry.file).collect();
    assert_eq!(files, golden_names());
    assert!(files.len() >= 40);
}

#[test]
fn vectors_agree_with_pillow_and_onnxruntime() {
    assert_vectors(&ENCODER, "lite0-general");
}

#[test]
fn the_larger_encoder_agrees_with_pillow_and_onnxruntime() {
    assert_vectors(&from_models("lite2-general"), "lite2-general");
}

fn assert_vectors(encoder: &Encoder, name: &str) {
    let file = std::fs::read(golden_folder().join(format!("{name}.json"))).unwrap();
    let entries: Vec<ExpectedVector> = serde_json::from_slice(&file).unwrap();
    let files: Vec<_> = entries.iter().map(|entry| entry.file.clone()).collect();
    assert_eq!(files, golden_names());
    for entry in entries {
        assert_vector(encoder, &entry.file, &entry.embedding);
    }
}

/// An index that was made with the former built-in encoder loads it from beside the index.
#[test]
fn the_former_built_in_encoder_gives_the_same_vectors_as_then() {
    let former = from_models("lite0-clothing");
    let fingerprint = former.fingerprint();
    assert_eq!(fingerprint[..6], FORMER_FINGERPRINT, "{fingerprint:02x?}");
    let fingerprint = ENCODER.fingerprint();
    assert_eq!(fingerprint[..6], FINGERPRINT, "{fingerprint:02x?}");
    for entry in expected() {
        assert_vector(&former, &entry.file, &entry.embedding);
    }
}

fn assert_vector(encoder: &Encoder, file: &str, expected: &str) {
    let embedding = encoder.embed_area(&golden(file), &Area::WHOLE).unwrap();
    let cosine = cosine(&embedding, &vector(expected));
    assert!(cosine >= 0.999, "{file}: cosine {cosine}");
    let length = embedding
        .iter()
        .map(|value| f64::from(*value).powi(2))
        .sum::<f64>()
        .sqrt();
    assert!((length - 1.0).abs() < 1e-5, "{file}: length {length}");
}

#[test]
fn pixels_agree_with_pillow() {
    for entry in expected() {
        let pixels = ENCODER
            .preprocess_area(&golden(&entry.file), &Area::WHOLE)
            .unwrap();
        let plane = pixels.len() / 3;
        for (channel, expected) in pixels.chunks(plane).zip(entry.pixel_means) {
            let mean = channel.iter().map(|value| f64::from(*value)).sum::<f64>() / plane as f64;
            // A quarter of one of 256 steps.
            assert!(
                (mean - expected).abs() < 0.002,
                "{}: {mean} for {expected}",
                entry.file
            );
        }
    }
}

#[test]
fn formats_are_sniffed_as_pillow_names_them() {
    for entry in expected() {
        let format = lookalike_encoder::sniff(&golden(&entry.file)).unwrap();
        assert_eq!(
            format.to_string().to_uppercase(),
            entry.format,
            "{}",
            entry.file
        );
    }
}

#[test]
fn no_orientation_is_ignored() {
    for (others, first) in [([2, 3, 4], 1), ([6, 7, 8], 5)] {
        let first = golden(&format!("exif-{first}.jpg"));
        let plain = ENCODER.embed(&first).unwrap();
        for orientation in others {
            let turned = ENCODER
                .embed(&golden(&format!("exif-{orientation}.jpg")))
                .unwrap();
            // The stored scenes are alike, so the results differ by mirroring or rotation.
            let cosine = cosine(&plain, &turned);
            assert!(
                cosine < 0.9999,
                "orientation {orientation} was ignored: {cosine}"
            );
        }
    }
}

#[test]
fn threads_share_one_encoder() {
    let image = golden("baseline-640x480.jpg");
    let expected = ENCODER.embed(&image).unwrap();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| ENCODER.embed(&image).unwrap()))
            .collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), expected);
        }
    });
}
