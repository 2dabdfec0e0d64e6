//! Models other than the built-in one: which are accepted, and the errors of those that are not.
#![allow(clippy::unwrap_used)]

mod common;

use common::{ENCODER, golden, model_files};
use lookalike_encoder::{Encoder, ImageError, LoadError};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn model(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models");
    std::fs::read(format!("{folder}/{name}.onnx")).unwrap()
}

fn config() -> Value {
    json!({
        "size": {"height": 4, "width": 4},
        "resample": 2,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
    })
}

fn load(name: &str, config: &Value) -> Result<Encoder, LoadError> {
    Encoder::from_parts(name, &model(name), config.to_string().as_bytes())
}

#[test]
fn the_embedded_model_is_its_own_files() {
    let [onnx, config] = model_files("lite0-general");
    let encoder = Encoder::from_parts("other", &onnx, &config).unwrap();
    assert_eq!(encoder.fingerprint(), ENCODER.fingerprint());
    assert_eq!(
        (ENCODER.name(), ENCODER.dimensions()),
        ("lite0-general", 256)
    );
    assert_eq!((encoder.name(), encoder.dimensions()), ("other", 256));
}

#[test]
fn every_shape_and_precision_gives_the_mean_color() {
    let image = golden("one-pixel.png");
    let names = [
        "flat",
        "pooled",
        "pooled-last",
        "free-shape",
        "half-within",
        "half-throughout",
    ];
    for name in names {
        let encoder = load(name, &config()).unwrap();
        assert_eq!(encoder.dimensions(), 3, "{name}");
        let embedding = encoder.embed(&image).unwrap();
        let color = [180.0, 40.0, 60.0].map(|value: f64| value / 127.5 - 1.0);
        let length = color.iter().map(|value| value * value).sum::<f64>().sqrt();
        for (found, expected) in embedding.iter().zip(color) {
            assert!(
                (f64::from(*found) - expected / length).abs() < 1e-5,
                "{name}: {embedding:?}"
            );
        }
    }
}

#[test]
fn channels_may_be_last_and_blue_may_be_first() {
    let mut config = config();
    config["data_format"] = json!("channels_last");
    let image = golden("one-pixel.png");
    let rgb = load("channels-last", &config)
        .unwrap()
        .embed(&image)
        .unwrap();
    config["channel_order"] = json!("bgr");
    let bgr = load("channels-last", &config)
        .unwrap()
        .embed(&image)
        .unwrap();
    assert_eq!(rgb[0], bgr[2]);
    assert!(rgb[0] > 0.0 && rgb[1] < 0.0);
    let first = load("flat", &self::config())
        .unwrap()
        .embed(&image)
        .unwrap();
    assert!(first.iter().zip(&rgb).all(|(a, b)| (a - b).abs() < 1e-6));
}

#[test]
fn other_preprocessing_is_another_fingerprint_and_other_words_are_not() {
    let plain = load("flat", &config()).unwrap().fingerprint();
    let mut worded = config();
    worded["size"] = json!(4);
    worded["do_resize"] = json!(true);
    worded["rescale_factor"] = json!(1.0 / 255.0);
    worded["image_mean"] = json!(0.5);
    assert_eq!(load("flat", &worded).unwrap().fingerprint(), plain);
    worded["resample"] = json!(3);
    assert_ne!(load("flat", &worded).unwrap().fingerprint(), plain);
    assert_ne!(load("pooled", &config()).unwrap().fingerprint(), plain);
}

#[test]
fn inputs_that_do_not_fit_are_refused_with_advice() {
    for (name, found, advice) in [
        (
            "two-inputs",
            "found 2: `pixels`, `more`",
            "the pixels alone",
        ),
        ("channels-last", "f32 [1, 4, 4, 3]", "channels_last"),
        ("rank-three", "f32 [3, 4, 4]", "four dimensions"),
        (
            "batch-of-two",
            "f32 [2, 3, 4, 4]",
            "leave their number open",
        ),
        ("one-channel", "f32 [1, 1, 4, 4]", "three channels"),
        ("bytes", "u8 [1, 3, 4, 4]", "f32 pixels"),
    ] {
        refused(name, &config(), &[found, advice]);
    }
    let mut other = config();
    other["data_format"] = json!("channels_last");
    refused("flat", &other, &["[1, 4, 4, 3]", "channels_first"]);
    other = config();
    other["size"] = json!(8);
    refused("flat", &other, &["[1, 3, 8, 8]", "[1, 3, 4, 4]", "`size`"]);
}

#[test]
fn outputs_that_are_no_vector_are_refused_with_advice() {
    for (name, found, advice) in [
        (
            "two-outputs",
            "found 2: `features`, `pooled`",
            "this output alone",
        ),
        ("not-pooled", "f32 [1, 3, 4, 4]", "global average pooling"),
        ("tokens", "f32 [1, 16, 3]", "several vectors"),
        ("integers", "i64 [1, 3, 1, 1]", "pooled features"),
        ("unmade-output", "nothing in it makes", "`features`"),
    ] {
        refused(name, &config(), &[found, advice]);
    }
}

#[test]
fn weights_and_operators_that_are_not_there_are_named() {
    for (name, found, advice) in [
        (
            "no-weights",
            "\"scale\" of shape [1, 3, 1, 1]",
            "export the network again",
        ),
        (
            "external-weights",
            "\"model.onnx.data\"",
            "onnx.save(onnx.load",
        ),
        (
            "unknown-operator",
            "`com.example.Polish`",
            "plain ONNX operators",
        ),
        (
            "own-function",
            "defines 1 functions",
            "inline_local_functions",
        ),
    ] {
        refused(name, &config(), &[found, advice]);
    }
}

/// Expects an error that contains all these words.
fn refused(name: &str, config: &Value, words: &[&str]) {
    let error = load(name, config).unwrap_err().to_string();
    for word in words {
        assert!(error.contains(word), "{name}: {error}");
    }
    assert!(error.starts_with("model.onnx"), "{name}: {error}");
}

#[test]
fn invalid_networks_are_refused() {
    let good = config().to_string();
    let cut = &model("flat")[..60];
    for onnx in [&b""[..], b"<html>not found</html>", cut, &[0xFF; 64]] {
        let error = Encoder::from_parts("x", onnx, good.as_bytes()).unwrap_err();
        assert!(error.to_string().starts_with("model.onnx"), "{error}");
    }
}

#[test]
fn a_network_that_sees_nothing_gives_an_error_and_no_nan() {
    let encoder = load("blind", &config()).unwrap();
    let error = encoder.embed(&golden("one-pixel.png")).unwrap_err();
    assert!(matches!(error, ImageError::Inference(_)), "{error}");
}

#[test]
fn the_cards_name_the_checksums_of_the_models() {
    for name in ["lite0-clothing", "lite0-general"] {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models");
        let card = std::fs::read_to_string(format!("{folder}/{name}/CARD.md")).unwrap();
        let [onnx, _] = model_files(name);
        let digest = Sha256::digest(onnx);
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(
            card.contains(&hex),
            "the card of {name} does not name {hex}"
        );
    }
}
