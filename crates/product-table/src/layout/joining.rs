//! Joining rows to products, by the format of the table.

use super::columns_of::Layout;
use super::format::Format;
use super::rows::{ProductRow, ProductRows, last_of_each};
use super::{shopify, woocommerce};
use crate::limits::MAX_ID_BYTES;
use crate::sheet::{Sheet, SheetRow};

/// Joins the rows of a table to products. Rows without a product are added to the bad lines of the sheet.
pub(crate) fn product_rows(sheet: &mut Sheet, layout: &Layout) -> ProductRows {
    let mut rows = std::mem::take(&mut sheet.rows);
    let id_name = sheet.columns[layout.id].clone();
    rows.retain(|row| match fault(row.get(layout.id), &id_name) {
        None => true,
        Some(reason) => {
            sheet.bad_line(row.line, reason);
            false
        }
    });
    match layout.format {
        Format::Shopify => shopify::products(rows, sheet, layout),
        Format::WooCommerce => woocommerce::products(rows, sheet, layout),
        Format::Plain | Format::GoogleMerchant | Format::KaggleFashion => single(rows, layout),
    }
}

fn fault(id: Option<&str>, name: &str) -> Option<String> {
    match id {
        None => Some(format!("{name} is empty")),
        Some(id) if id.len() > MAX_ID_BYTES => {
            let bytes = id.len();
            Some(format!(
                "{name} has {bytes} bytes, at most {MAX_ID_BYTES} are allowed"
            ))
        }
        Some(_) => None,
    }
}

/// Makes one product of each row; the last row of an id counts.
fn single(rows: Vec<SheetRow>, layout: &Layout) -> ProductRows {
    let products = rows.into_iter().map(|row| ProductRow::of(row, layout));
    last_of_each(products.collect())
}
