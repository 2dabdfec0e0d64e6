//! Products of a table.

use std::collections::BTreeMap;

use serde_json::Value;

/// A product of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct TableProduct {
    /// The line that it begins at.
    pub line: u64,
    /// Its id.
    pub product_id: String,
    /// Its metadata by column: texts, numbers, booleans, and lists of texts.
    pub metadata: BTreeMap<String, Value>,
    /// Paths of its images, as written.
    pub image_entries: Vec<String>,
    /// `http` and `https` links to its images, the main one first.
    pub image_links: Vec<String>,
    /// True if the file names more images than these; at most 100 links and 100 paths are kept.
    pub has_more_images: bool,
}
