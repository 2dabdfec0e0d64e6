//! What every image has to hold to, whatever its bytes: no panic, no more memory than its header tells, no more time than
//! its size deserves.

use std::sync::LazyLock;
use std::time::Duration;

use lookalike_encoder::{Encoder, ImageFormat, inspect, sniff};
use lookalike_jpeg::{Header, Scale};
use lookalike_product_table::{ImageMatcher, ProductTable, ReadOptions};
use lookalike_test_support::{Cost, CountingAllocator};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

static ENCODER: LazyLock<Encoder> =
    LazyLock::new(|| Encoder::embedded().expect("the files in models/ are whole"));

/// Pixels of images that are decoded here: more take the same code, and longer.
const MAX_PIXELS: u64 = 500_000;

/// CPU time that any file may take, and that each byte and pixel may. Instrumented code is several times slower than
/// what is deployed.
const ANY: Duration = Duration::from_millis(200);
const EACH: Duration = Duration::from_nanos(1000);

/// A JPEG file, at every scale.
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
        let (decoded, cost) = Cost::of(|| header.decode(scale));
        check(cost, memory, bytes, pixels);
        if let Ok(image) = decoded {
            let side = |length: u32| (length * scale.eighths()).div_ceil(8);
            assert_eq!((image.width, image.height), (side(width), side(height)));
        }
    }
}

/// A table of products, and the image entries in it.
pub fn table(bytes: &[u8]) {
    // A filled cell takes some 150 bytes, a column some thousand, and a path its ends as well.
    let memory = 500 * bytes.len() as u64 + (8 << 20);
    let ((), cost) = Cost::of(|| {
        let Ok(table) = ProductTable::read(bytes, &ReadOptions::default()) else {
            return;
        };
        let entries = table.products.iter().flat_map(|product| {
            let entries = product.image_entries.iter();
            entries.map(|entry| (product.product_id.as_str(), entry.as_str()))
        });
        let mut matcher = ImageMatcher::new(entries);
        let first = table.products.iter().find_map(|product| product.image_entries.first());
        if let Some(path) = first {
            matcher.find(path, path);
        }
        assert!(table.bad_lines.is_sorted_by_key(|bad| bad.line));
    });
    check(cost, memory, bytes, 0);
}

/// A file of one format, decoded and scaled to the network's size.
pub fn image(format: ImageFormat, bytes: &[u8]) {
    if sniff(bytes) == Some(format) {
        within_bounds(bytes, |bytes| {
            ENCODER.preprocess(bytes).map(|pixels| pixels.len())
        });
    }
}

/// Any bytes, embedded.
pub fn embed(bytes: &[u8]) {
    within_bounds(bytes, |bytes| {
        let embedding = ENCODER.embed(bytes)?;
        let squares = embedding.iter().map(|x| f64::from(*x).powi(2));
        assert!((squares.sum::<f64>() - 1.0).abs() < 1e-3);
        Ok(embedding.len())
    });
}

fn within_bounds(
    bytes: &[u8],
    work: impl Fn(&[u8]) -> Result<usize, lookalike_encoder::ImageError>,
) {
    LazyLock::force(&ENCODER);
    let (info, cost) = Cost::of(|| inspect(bytes));
    check(cost, bytes.len() as u64 + (4 << 20), bytes, 0);
    let (memory, pixels) = match &info {
        Ok(info) if info.pixels() > MAX_PIXELS => return,
        Ok(info) => (info.memory, info.pixels()),
        // What the header shows is refused without effort.
        Err(_) => (bytes.len() as u64 + (4 << 20), 0),
    };
    let (result, cost) = Cost::of(|| work(bytes));
    check(cost, memory, bytes, pixels);
    assert!(
        info.is_ok() || result.is_err(),
        "refused by its header, and decoded"
    );
}

fn check(cost: Cost, memory: u64, bytes: &[u8], pixels: u64) {
    assert!(
        cost.memory <= memory,
        "{cost:?}, of {memory} bytes of memory told"
    );
    let size = bytes.len() as u64 + pixels;
    let time = ANY + EACH * u32::try_from(size).unwrap_or(u32::MAX);
    assert!(cost.time <= time, "{cost:?} for {size} bytes and pixels");
}
