//! What the index keeps of one catalog picture.

use std::collections::BTreeMap;

use crate::quantise::Quantised;

/// The attribute that says what kind of thing a picture shows.
pub const CATEGORY: &str = "category";

/// Facts about a picture that searches may return or filter by, by name.
pub type Attributes = BTreeMap<String, serde_json::Value>;

/// One catalog picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// S3 key of the picture; at most one live row per key.
    pub key: String,
    /// The product it shows; several rows may show one.
    pub product_id: String,
    /// Version of the object that was embedded, as S3 gives it.
    pub etag: String,
    /// Facts such as `category`.
    pub attributes: Attributes,
    /// Its embedding.
    pub embedding: Quantised,
}
