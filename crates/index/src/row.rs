//! A row: the index entry of one catalog image.

use std::collections::BTreeMap;

use crate::quantization::QuantizedVector;

/// The attribute that names the kind of thing an image shows.
pub const CATEGORY: &str = "category";

/// Facts about an image by name, which searches may return or filter by.
pub type Attributes = BTreeMap<String, serde_json::Value>;

/// One catalog image.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// S3 key of the image; at most one live row has it.
    pub key: String,
    /// The product that it shows; several rows may show one.
    pub product_id: String,
    /// Version of the embedded object, the ETag that S3 returns.
    pub etag: String,
    /// Facts such as `category`.
    pub attributes: Attributes,
    /// Embedding of the image.
    pub embedding: QuantizedVector,
}

/// The address of a row in a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowAddress {
    /// Position of the segment in the manifest.
    pub segment: usize,
    /// Number of the row in the segment.
    pub row: u32,
}
