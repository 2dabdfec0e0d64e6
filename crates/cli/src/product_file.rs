//! Files with tables of products.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use lookalike_product_table::{ImageMatcher, MAX_FILE_BYTES, ProductTable, ReadOptions};

/// Reads a file.
pub(crate) fn read(path: &Path, options: &ReadOptions) -> Result<ProductTable> {
    let unreadable = || format!("cannot read {}", path.display());
    let file = File::open(path).with_context(unreadable)?;
    let mut bytes = Vec::new();
    // One byte more shows that the file is too large.
    let mut file = file.take(MAX_FILE_BYTES + 1);
    file.read_to_end(&mut bytes).with_context(unreadable)?;
    ProductTable::read(&bytes, options).with_context(|| format!("cannot import {}", path.display()))
}

/// Returns a matcher of the image entries of a table.
pub(crate) fn matcher(table: &ProductTable) -> ImageMatcher {
    let entries = table.products.iter().flat_map(|product| {
        let entries = product.image_entries.iter();
        entries.map(|entry| (product.product_id.as_str(), entry.as_str()))
    });
    ImageMatcher::new(entries)
}
