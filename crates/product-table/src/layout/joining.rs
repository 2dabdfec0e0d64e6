//! Joining rows to products, by the format of the table.

use super::columns_of::Layout;
use super::format::Format;
use super::rows::{ProductRow, ProductRows, last_of_each, with_ids};
use super::{shopify, woocommerce};
use crate::limits::MAX_IMAGES;
use crate::sheet::{Sheet, SheetRow};

/// Joins the rows of a table to products. Rows without a product are added to the bad lines of the sheet.
pub(crate) fn product_rows(sheet: &mut Sheet, layout: &Layout) -> ProductRows {
    let rows = std::mem::take(&mut sheet.rows);
    let mut joined = match layout.format {
        // Variations need no id of their own.
        Format::WooCommerce => woocommerce::products(rows, sheet, layout),
        Format::Shopify => shopify::products(with_ids(rows, sheet, layout), sheet, layout),
        Format::Plain | Format::GoogleMerchant | Format::KaggleFashion => {
            single(with_ids(rows, sheet, layout), layout)
        }
    };
    let cut = |what: &str, is_cut: fn(&ProductRow) -> bool| {
        let mut cut = joined.products.iter().filter(|product| is_cut(product));
        let first = cut.next()?;
        Some(format!(
            "{} products have more than {MAX_IMAGES} {what}, the rest is left out; the first is {:?}",
            cut.count() + 1,
            first.product_id
        ))
    };
    let notes = [
        cut("images", |product| product.has_more_images),
        cut("values of a list", |product| product.has_more_values),
    ];
    joined.notes.extend(notes.into_iter().flatten());
    joined
}

/// Makes one product of each row; the last row of an id counts.
fn single(rows: Vec<SheetRow>, layout: &Layout) -> ProductRows {
    let products = rows.into_iter().map(|row| ProductRow::of(row, layout));
    last_of_each(products.collect())
}
