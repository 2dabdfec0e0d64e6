//! Images.

use std::sync::LazyLock;

use lookalike_encoder::{Encoder, ImageError, ImageFormat, inspect, sniff};
use lookalike_jpeg::{Header, Scale};

use crate::bounds::within;

static ENCODER: LazyLock<Encoder> =
    LazyLock::new(|| Encoder::embedded().expect("the files in models/ are whole"));

/// Pixels of images that are decoded here: more take the same code, and longer.
const MAX_PIXELS: u64 = 500_000;

/// Decodes a JPEG file at every scale.
pub fn jpeg(bytes: &[u8]) {
    for scale in [Scale::Eighth, Scale::Quarter, Scale::Half, Scale::Whole] {
        let Ok(header) = Header::read(bytes) else {
            return;
        };
        let (width, height) = header.size();
        let pixels = u64::from(width) * u64::from(height);
        if pixels > MAX_PIXELS {
            return;
        }
        let memory = header.memory(scale);
        let size = bytes.len() as u64 + pixels;
        if let Ok(image) = within(memory, size, || header.decode(scale)) {
            let side = |length: u32| (length * scale.eighths()).div_ceil(8);
            assert_eq!((image.width, image.height), (side(width), side(height)));
        }
    }
}

/// Decodes a file of one format and scales it to the network's size.
pub fn image(format: ImageFormat, bytes: &[u8]) {
    if sniff(bytes) == Some(format) {
        as_inspected(bytes, |bytes| {
            ENCODER.preprocess(bytes).map(|pixels| pixels.len())
        });
    }
}

/// Embeds any bytes.
pub fn embed(bytes: &[u8]) {
    as_inspected(bytes, |bytes| {
        let embedding = ENCODER.embed(bytes)?;
        let squares = embedding.iter().map(|x| f64::from(*x).powi(2));
        assert!((squares.sum::<f64>() - 1.0).abs() < 1e-3);
        Ok(embedding.len())
    });
}

/// Does the work within the memory that the image's header tells.
fn as_inspected(bytes: &[u8], work: impl Fn(&[u8]) -> Result<usize, ImageError>) {
    LazyLock::force(&ENCODER);
    let size = bytes.len() as u64;
    let refused = size + (4 << 20);
    let info = within(refused, size, || inspect(bytes));
    let (memory, pixels) = match &info {
        Ok(info) if info.pixels() > MAX_PIXELS => return,
        Ok(info) => (info.memory, info.pixels()),
        // What the header shows is refused without effort.
        Err(_) => (refused, 0),
    };
    let result = within(memory, size + pixels, || work(bytes));
    assert!(
        info.is_ok() || result.is_err(),
        "refused by its header, and decoded"
    );
}
