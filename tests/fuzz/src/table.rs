//! Tables and feeds of products.

use lookalike_product_table::{ImageMatcher, ProductTable, ReadOptions};

use crate::bounds::within;

/// Reads a table of products, and the image entries in it.
pub fn table(bytes: &[u8]) {
    let size = bytes.len() as u64;
    // A filled cell takes some 150 bytes, a column some thousand, and a path its ends as well.
    within(500 * size + (8 << 20), size, || {
        let Ok(table) = ProductTable::read(bytes, &ReadOptions::default()) else {
            return;
        };
        let entries = table.products.iter().flat_map(|product| {
            let entries = product.image_entries.iter();
            entries.map(|entry| (product.product_id.as_str(), entry.as_str()))
        });
        let mut matcher = ImageMatcher::new(entries);
        let mut products = table.products.iter();
        let first = products.find_map(|product| product.image_entries.first());
        if let Some(path) = first {
            matcher.find(path, path);
        }
        assert!(table.bad_lines.is_sorted_by_key(|bad| bad.line));
    });
}
