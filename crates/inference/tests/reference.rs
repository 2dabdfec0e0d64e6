//! Whole networks compared with tract alone.

use lookalike_inference::Network;

const SHAPE: [usize; 4] = [1, 3, 224, 224];

fn embedded() -> Vec<u8> {
    let root = env!("CARGO_MANIFEST_DIR");
    std::fs::read(format!("{root}/../../models/lite0-general/model.onnx")).expect("the model")
}

/// Returns noise of a linear congruential generator in [-2, 2], the range of normalized pixels.
fn pixels(seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 40) as f32 / (1 << 22) as f32 - 2.0
    };
    (0..SHAPE.iter().product()).map(|_| next()).collect()
}

fn largest_difference(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len());
    let pairs = left.iter().zip(right);
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn the_default_network_agrees_with_tract() {
    let onnx = embedded();
    let ours = Network::load(&onnx, SHAPE).expect("ours");
    let reference = Network::reference(&onnx, SHAPE).expect("stock");
    // Stem, sixteen blocks, head, three averages, nine dense layers after them.
    assert_eq!(ours.layers(), 30);
    for seed in 1..4 {
        let pixels = pixels(seed);
        let found = ours.run(&pixels).expect("ours runs");
        let expected = reference.run(&pixels).expect("stock runs");
        assert!(
            expected.iter().any(|value| value.abs() > 0.1),
            "the output says something"
        );
        let difference = largest_difference(&found, &expected);
        assert!(difference < 1e-5, "{difference} with seed {seed}");
    }
}

#[test]
fn a_compiled_network_is_the_same() {
    let onnx = embedded();
    let bytes = Network::compile(&onnx, SHAPE).expect("compiled");
    let aligned = aligned(&bytes);
    let compiled = Network::compiled(aligned, SHAPE).expect("read");
    let loaded = Network::load(&onnx, SHAPE).expect("loaded");
    assert_eq!(compiled.dimensions(), loaded.dimensions());
    let pixels = pixels(9);
    let difference = largest_difference(
        &compiled.run(&pixels).expect("compiled runs"),
        &loaded.run(&pixels).expect("loaded runs"),
    );
    assert!(difference < 1e-6, "{difference}");
}

#[test]
fn other_bytes_are_refused() {
    let bytes = Network::compile(&embedded(), SHAPE).expect("compiled");
    let cases = [
        (
            aligned(b"PK\x03\x04"),
            "not the bytes of a compiled network",
        ),
        (aligned(&bytes[..100]), "not the bytes"),
        (
            aligned(&bytes[..bytes.len() / 64 / 2 * 64]),
            "weights past the end",
        ),
        (
            &aligned(&[&[0], bytes.as_slice()].concat())[1..],
            "in place",
        ),
    ];
    for (bytes, expected) in cases {
        let error = Network::compiled(bytes, SHAPE).err().expect("refused");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let error = Network::compiled(aligned(&bytes), [1, 3, 96, 96]);
    let error = error.err().expect("refused").to_string();
    assert!(error.contains("compiled for pixels"), "{error}");
}

/// Copies bytes to static memory, at a multiple of 64.
fn aligned(bytes: &[u8]) -> &'static [u8] {
    let room = vec![0_u8; bytes.len() + 64].leak();
    let start = room.as_ptr().align_offset(64);
    let place = &mut room[start..start + bytes.len()];
    place.copy_from_slice(bytes);
    place
}
