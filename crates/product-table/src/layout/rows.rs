//! The rows that make up a product.

use std::collections::{BTreeMap, HashMap};

use super::columns_of::Layout;
use super::images::{is_link, split_images};
use crate::bad_line::DuplicateId;
use crate::limits::{MAX_ID_BYTES, MAX_IMAGES};
use crate::sheet::{Sheet, SheetCell, SheetRow};

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
    /// True if it has more images than are kept.
    pub(crate) has_more_images: bool,
    /// True if it has more values of a list than are kept.
    pub(crate) has_more_values: bool,
}

/// Keeps the rows with an id; the others are bad lines of the sheet.
pub(super) fn with_ids(rows: Vec<SheetRow>, sheet: &mut Sheet, layout: &Layout) -> Vec<SheetRow> {
    let name = sheet.columns[layout.id].clone();
    let is_kept = |row: &SheetRow| match fault(row.get(layout.id), &name) {
        None => true,
        Some(reason) => {
            sheet.bad_line(row.line, &reason);
            false
        }
    };
    rows.into_iter().filter(is_kept).collect()
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

/// Keeps the last product of each id, and lists the lines of the others.
pub(super) fn last_of_each(products: Vec<ProductRow>) -> ProductRows {
    // Lines do not tell products apart: all items of a feed may be on one.
    let mut seen: HashMap<&str, Vec<usize>> = HashMap::with_capacity(products.len());
    for (position, product) in products.iter().enumerate() {
        seen.entry(&product.product_id).or_default().push(position);
    }
    let mut is_last = vec![false; products.len()];
    let mut duplicates = Vec::new();
    for (product_id, positions) in seen {
        if let Some(last) = positions.last() {
            is_last[*last] = true;
        }
        if positions.len() > 1 {
            duplicates.push(DuplicateId {
                product_id: product_id.to_owned(),
                lines: positions.iter().map(|p| products[*p].line).collect(),
            });
        }
    }
    duplicates.sort_unstable_by(|a, b| (&a.lines, &a.product_id).cmp(&(&b.lines, &b.product_id)));
    let kept = products.into_iter().zip(is_last);
    ProductRows {
        products: kept
            .filter_map(|(product, is_last)| is_last.then_some(product))
            .collect(),
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
            if !known.iter().any(|known| known == entry) {
                match known.len() < MAX_IMAGES {
                    true => known.push(entry.to_owned()),
                    false => self.has_more_images = true,
                }
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
        if !list.iter().any(|known| known == text) {
            match list.len() < MAX_IMAGES {
                true => list.push(text.to_owned()),
                false => self.has_more_values = true,
            }
        }
    }
}
