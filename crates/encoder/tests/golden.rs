//! Pixels and vectors agree with Pillow and onnxruntime, as recorded in `golden/golden.json`.
#![allow(clippy::unwrap_used)]

mod common;

use base64::Engine;
use common::{ENCODER, cosine, golden, golden_folder, golden_names};
use lookalike_encoder::Area;
use serde::Deserialize;

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
    for entry in expected() {
        let embedding = ENCODER
            .embed_area(&golden(&entry.file), &Area::WHOLE)
            .unwrap();
        let cosine = cosine(&embedding, &vector(&entry.embedding));
        assert!(cosine >= 0.999, "{}: cosine {cosine}", entry.file);
        let length = embedding
            .iter()
            .map(|value| f64::from(*value).powi(2))
            .sum::<f64>()
            .sqrt();
        assert!(
            (length - 1.0).abs() < 1e-5,
            "{}: length {length}",
            entry.file
        );
    }
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
