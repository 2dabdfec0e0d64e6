//! A row: the index entry of one catalog image.

use std::collections::BTreeMap;

use crate::quantization::QuantizedVector;

/// The attribute that says what kind of thing an image shows.
pub const CATEGORY: &str = "category";

/// Facts about an image that searches may return or filter by, by name.
pub type Attributes = BTreeMap<String, serde_json::Value>;

/// One catalog image.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// S3 key of the image; at most one live row per key.
    pub key: String,
    /// The product that it shows; several rows may show one.
    pub product_id: String,
    /// Version of the object that was embedded, as S3 gives it.
    pub etag: String,
    /// Facts such as `category`.
    pub attributes: Attributes,
    /// Its embedding.
    pub embedding: QuantizedVector,
}

/// The address of a row in a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowAddress {
    /// Position of its segment in the manifest.
    pub segment: usize,
    /// Its number in the segment.
    pub row: u32,
}
