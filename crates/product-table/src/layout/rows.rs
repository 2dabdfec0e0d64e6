//! The rows that make up a product.

use std::collections::{BTreeMap, HashMap};

use super::columns_of::Layout;
use super::images::{is_link, split_images};
use crate::bad_line::DuplicateId;
use crate::limits::MAX_IMAGES;
use crate::sheet::{SheetCell, SheetRow};

/// Everything that the rows of a table say of their products.
#[derive(Debug, Default)]
pub(crate) struct ProductRows {
    /// In the order of the file.
    pub(crate) products: Vec<ProductRow>,
    pub(crate) duplicates: Vec<DuplicateId>,
    /// What was decided while rows were joined, for people.
    pub(crate) notes: Vec<String>,
}

/// Everything that rows say of one product.
#[derive(Debug, Default)]
pub(crate) struct ProductRow {
    pub(crate) line: u64,
    pub(crate) product_id: String,
    /// At most one cell for each column, by column.
    pub(crate) cells: Vec<SheetCell>,
    /// Paths of images.
    pub(crate) image_entries: Vec<String>,
    /// Links to images.
    pub(crate) image_links: Vec<String>,
    /// Lists of texts, such as the sizes of variants.
    pub(crate) lists: BTreeMap<String, Vec<String>>,
}

/// Keeps the last product of each id, and lists the lines of the others.
pub(super) fn last_of_each(products: Vec<ProductRow>) -> ProductRows {
    let mut lines: HashMap<String, Vec<u64>> = HashMap::with_capacity(products.len());
    for product in &products {
        match lines.get_mut(&product.product_id) {
            Some(lines) => lines.push(product.line),
            None => drop(lines.insert(product.product_id.clone(), vec![product.line])),
        }
    }
    let is_last = |product: &ProductRow| lines[&product.product_id].last() == Some(&product.line);
    let kept = products.into_iter().filter(is_last).collect();
    let repeated = lines.into_iter().filter(|(_, lines)| lines.len() > 1);
    let mut duplicates: Vec<DuplicateId> = repeated
        .map(|(product_id, lines)| DuplicateId { product_id, lines })
        .collect();
    duplicates.sort_unstable_by(|a, b| a.lines.cmp(&b.lines));
    ProductRows {
        products: kept,
        duplicates,
        notes: Vec::new(),
    }
}

impl ProductRow {
    /// Makes the product of a row, whose id was checked.
    pub(super) fn of(row: SheetRow, layout: &Layout) -> Self {
        let mut product = Self {
            line: row.line,
            product_id: row.get(layout.id).unwrap_or_default().to_owned(),
            ..Self::default()
        };
        for column in &layout.images {
            for cell in row.all(*column) {
                product.add_images(cell);
            }
        }
        for cell in row.cells {
            product.add(cell, layout);
        }
        product
    }

    /// Adds the images that a cell names, each once.
    pub(super) fn add_images(&mut self, cell: &str) {
        for entry in split_images(cell) {
            let known = match is_link(entry) {
                true => &mut self.image_links,
                false => &mut self.image_entries,
            };
            if known.len() < MAX_IMAGES && !known.iter().any(|known| known == entry) {
                known.push(entry.to_owned());
            }
        }
    }

    /// Adds a cell, unless the column has one already or is not kept.
    pub(super) fn add(&mut self, cell: SheetCell, layout: &Layout) {
        if layout.members[cell.column].is_empty() {
            return;
        }
        let place = self
            .cells
            .binary_search_by_key(&cell.column, |known| known.column);
        if let Err(place) = place {
            self.cells.insert(place, cell);
        }
    }

    /// Adds a text to a list, once.
    pub(super) fn add_to_list(&mut self, name: &str, text: &str) {
        let list = self.lists.entry(name.to_owned()).or_default();
        if list.len() < MAX_IMAGES && !list.iter().any(|known| known == text) {
            list.push(text.to_owned());
        }
    }
}
