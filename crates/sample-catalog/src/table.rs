//! The CSV of the catalog.

use std::path::Path;

use super::IMAGES;
use super::plan::Product;

const COLUMNS: [&str; 8] = [
    "product_id",
    "name",
    "category",
    "colour",
    "price",
    "in_stock",
    "pattern",
    "image",
];

/// Writes one line per product; `image` lists the paths of its images relative to the CSV's folder,
/// main image first, separated by `|`.
pub(super) fn write(path: &Path, products: &[Product]) -> Result<(), csv::Error> {
    let mut table = csv::Writer::from_path(path)?;
    table.write_record(COLUMNS)?;
    for product in products {
        let (price, in_stock) = (price(product.price_cents), product.in_stock.to_string());
        let images: Vec<String> = (0..product.images)
            .map(|number| {
                format!(
                    "{IMAGES}/{}/{}",
                    product.category.name,
                    product.file(number)
                )
            })
            .collect();
        let images = images.join("|");
        table.write_record([
            product.id.as_str(),
            product.name.as_str(),
            product.category.name,
            product.color.name,
            price.as_str(),
            in_stock.as_str(),
            product.pattern.name(),
            images.as_str(),
        ])?;
    }
    table.flush()?;
    Ok(())
}

fn price(cents: u32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
