//! Rows and a layout for the tests of vector bases.

use lookalike_core::vector_base::BaseAddress;
use lookalike_index::{Attributes, Field, Fingerprint, QuantizedVector, Row, VectorBaseLayout};
use serde_json::json;

/// Enough for more than one call, one page, and one answer of a slot.
pub(super) const MANY: usize = 300;
pub(super) const SLOTS: u32 = 2;
const DIMENSIONS: usize = 16;
/// Length of a text in every row: together they are more than the MB that DynamoDB scans at once.
const TEXT: usize = 2000;
const COLORS: [&str; 3] = ["red", "blue", "grün"];

/// Returns the address of a base with this name.
pub(super) fn address(name: &str) -> BaseAddress {
    let field = |attribute: &str, bands: &[f64]| Field {
        attribute: attribute.to_owned(),
        bands: bands.to_vec(),
    };
    let Ok(name) = name.parse() else {
        panic!("{name:?} is no name of a vector base");
    };
    let fields = vec![
        field("color", &[]),
        field("price", &[10.0, 20.5]),
        field("sizes", &[]),
        field("sold", &[]),
    ];
    BaseAddress {
        name,
        fingerprint: Fingerprint([7; 32]),
        dimensions: DIMENSIONS,
        layout: VectorBaseLayout {
            slots: SLOTS,
            fields,
        },
    }
}

/// Returns rows with several images of each product, and attributes of every type.
pub(super) fn many() -> Vec<Row> {
    let rows = (0..MANY).map(|i| Row {
        attributes: attributes(i),
        ..row(&format!("catalog/{i:04} ü.jpg"), &product(i / 3), i as u64)
    });
    rows.collect()
}

/// Returns the name of a product.
pub(super) fn product(number: usize) -> String {
    format!("p/{number} +%ü")
}

/// Returns a row with a vector that follows from `seed`.
pub(super) fn row(key: &str, product_id: &str, seed: u64) -> Row {
    let Ok(embedding) = QuantizedVector::new(&vector(seed)) else {
        panic!("a vector has a direction");
    };
    Row {
        key: key.to_owned(),
        product_id: product_id.to_owned(),
        etag: format!("\"{seed}\""),
        attributes: Attributes::new(),
        embedding,
    }
}

/// Returns a vector of unit length that follows from `seed` and points anywhere.
pub(super) fn vector(seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let components = (0..DIMENSIONS).map(|_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u32 << 23) as f32 - 1.0
    });
    let components: Vec<f32> = components.collect();
    let length = components.iter().map(|x| x * x).sum::<f32>().sqrt();
    components.iter().map(|x| x / length).collect()
}

fn attributes(i: usize) -> Attributes {
    let mut attributes = Attributes::from([
        ("color".to_owned(), json!(COLORS[i % COLORS.len()])),
        ("price".to_owned(), json!(0.1 + (i % 31) as f64)),
        ("sold".to_owned(), json!(i.is_multiple_of(2))),
        ("stock".to_owned(), json!(i)),
        ("größe \"1\"".to_owned(), json!("")),
        ("text".to_owned(), json!("ü".repeat(TEXT))),
    ]);
    if i.is_multiple_of(5) {
        attributes.insert("sizes".to_owned(), json!(["s", "m"]));
    }
    attributes
}
