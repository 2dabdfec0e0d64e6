//! WooCommerce's export of products: variations belong to the product that they name as their parent.

use std::collections::HashMap;

use super::columns_of::Layout;
use super::rows::{ProductRow, ProductRows, last_of_each, with_ids};
use crate::sheet::{Sheet, SheetRow, plain_name};

/// Gives the images of variations, and the price if it has none, to their parent. The first category counts.
pub(super) fn products(rows: Vec<SheetRow>, sheet: &mut Sheet, layout: &Layout) -> ProductRows {
    let columns = Columns::of(sheet);
    let (variations, parents): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|row| columns.is_variation(row));
    let mut by_name = HashMap::new();
    let mut products = Vec::new();
    for row in with_ids(parents, sheet, layout) {
        // Variations name their parent by `ID` or `SKU`, whichever column identifies products here.
        for (prefix, column) in [("id:", columns.id), ("", columns.sku)] {
            if let Some(name) = column.and_then(|column| row.get(column)) {
                by_name.insert(format!("{prefix}{name}"), products.len());
            }
        }
        products.push(columns.product(row, layout));
    }
    let mut joined = 0;
    for row in variations {
        let parent = columns.parent.and_then(|column| row.get(column));
        match parent.and_then(|parent| by_name.get(parent)) {
            Some(parent) => {
                columns.join(&mut products[*parent], row, layout);
                joined += 1;
            }
            None => {
                let reason = "the variation names no product of the file as its parent";
                sheet.bad_line(row.line, reason);
            }
        }
    }
    let mut rows = last_of_each(products);
    if joined > 0 {
        rows.notes.push(format!(
            "{joined} variations belong to their parent products: their images are the parent's"
        ));
    }
    rows
}

struct Columns {
    id: Option<usize>,
    kind: Option<usize>,
    sku: Option<usize>,
    parent: Option<usize>,
    category: Option<usize>,
    price: Option<usize>,
    /// The columns of the names and values of attributes.
    attributes: Vec<(usize, usize)>,
}

impl Columns {
    fn of(sheet: &Sheet) -> Self {
        let find = |name: &str| {
            sheet
                .columns
                .iter()
                .position(|column| plain_name(column) == name)
        };
        let attributes = (1..).map_while(|number| {
            let name = find(&format!("attribute_{number}_name"))?;
            Some((name, find(&format!("attribute_{number}_value(s)"))?))
        });
        Self {
            id: find("id"),
            kind: find("type"),
            sku: find("sku"),
            parent: find("parent"),
            category: find("categories"),
            price: find("regular_price"),
            attributes: attributes.collect(),
        }
    }

    /// True for a variation; the type may have more words, such as `variation, downloadable, virtual`.
    fn is_variation(&self, row: &SheetRow) -> bool {
        let kind = self.kind.and_then(|column| row.get(column));
        kind.is_some_and(|kind| kind.split(',').any(|word| word.trim() == "variation"))
    }

    fn product(&self, mut row: SheetRow, layout: &Layout) -> ProductRow {
        for cell in row
            .cells
            .iter_mut()
            .filter(|cell| Some(cell.column) == self.category)
        {
            cell.text = list(&cell.text).swap_remove(0);
        }
        let mut lists = Vec::new();
        for (name, values) in &self.attributes {
            if let (Some(name), Some(values)) = (row.get(*name), row.get(*values)) {
                lists.push((name.to_owned(), list(values)));
            }
        }
        let is_list = |column| {
            self.attributes
                .iter()
                .any(|(n, v)| *n == column || *v == column)
        };
        row.cells.retain(|cell| !is_list(cell.column));
        let mut product = ProductRow::of(row, layout);
        for (name, values) in lists {
            for value in values {
                product.add_to_list(&name, &value);
            }
        }
        product
    }

    fn join(&self, parent: &mut ProductRow, row: SheetRow, layout: &Layout) {
        for image in &layout.images {
            if let Some(cell) = row.get(*image) {
                parent.add_images(cell);
            }
        }
        let prices = row.cells.into_iter();
        for price in prices.filter(|cell| Some(cell.column) == self.price) {
            parent.add(price, layout);
        }
    }
}

/// Splits a list at its commas; one after a backslash is part of a value. There is always a value.
fn list(cell: &str) -> Vec<String> {
    let mut values = vec![String::new()];
    let mut characters = cell.chars();
    while let Some(character) = characters.next() {
        let last = values.len() - 1;
        match character {
            '\\' => values[last].extend(characters.next()),
            ',' => values.push(String::new()),
            other => values[last].push(other),
        }
    }
    for value in &mut values {
        *value = value.trim().to_owned();
    }
    values.retain(|value| !value.is_empty());
    if values.is_empty() {
        values.push(cell.to_owned());
    }
    values
}
