//! The columns of a table, and the metadata that they make of a row.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use crate::columns::{Cell, Census, ColumnReading, ColumnReport, Report, Role};
use crate::layout::{IMAGE, Layout, ProductRow, with_entries};
use crate::limits::MAX_METADATA_BYTES;
use crate::options::ReadOptions;
use crate::product::TableProduct;
use crate::sheet::Sheet;

/// The columns with what is known of them.
pub(crate) struct ProductColumns {
    /// In the order of the file.
    columns: Vec<Column>,
    is_written_kept: Vec<bool>,
    /// The names that the columns have in the metadata.
    names: HashSet<String>,
    /// Number of lists that are left out, because a column has their name.
    hidden_lists: BTreeMap<String, usize>,
}

struct Column {
    /// Its name in the metadata; empty if it is not kept.
    member: String,
    reading: ColumnReading,
    report: Report,
    census: Census,
    is_chosen: bool,
}

impl ProductColumns {
    /// Decides how each column is read, by its cells in all products.
    pub(crate) fn of(
        sheet: &Sheet,
        layout: &Layout,
        products: &[ProductRow],
        options: &ReadOptions,
    ) -> Self {
        let mut censuses: Vec<Census> = sheet.columns.iter().map(|_| Census::default()).collect();
        for product in products {
            for cell in &product.cells {
                censuses[cell.column].add(product.line, &cell.text);
            }
        }
        let columns = censuses.into_iter().enumerate().map(|(position, census)| {
            let (name, member) = (&sheet.columns[position], &layout.members[position]);
            let is_text =
                layout.images.contains(&position) || matches!(member.as_str(), "name" | "category");
            let role = if is_text { Role::Text } else { Role::Attribute };
            let choice = options
                .types
                .get(member)
                .or_else(|| options.types.get(name));
            let (reading, report) = ColumnReading::of(name, role, choice.copied(), &census);
            Column {
                member: member.clone(),
                reading,
                report,
                census,
                is_chosen: choice.is_some(),
            }
        });
        let columns: Vec<Column> = columns.collect();
        // A column of the file's own goes before what would be added.
        let members: HashSet<&str> = columns.iter().map(|c| c.member.as_str()).collect();
        let is_written_kept = columns
            .iter()
            .map(|column| !members.contains(written_name(&column.member).as_str()));
        let kept = columns.iter().filter(|column| column.is_kept());
        let names = kept.flat_map(|column| [column.member.clone(), written_name(&column.member)]);
        Self {
            is_written_kept: is_written_kept.collect(),
            names: names.collect(),
            hidden_lists: BTreeMap::new(),
            columns,
        }
    }

    /// Makes a product, or returns the reason why there is none.
    pub(crate) fn product(&mut self, row: ProductRow) -> Result<TableProduct, String> {
        let mut metadata = BTreeMap::new();
        for cell in row.cells {
            let column = &mut self.columns[cell.column];
            let value = match column.reading.read(&cell.text) {
                Cell::Value(value) => Some(value),
                Cell::Missing if !column.is_chosen => None,
                Cell::Missing | Cell::Misfit => {
                    column.report.doubtful.push(row.line, &cell.text);
                    None
                }
            };
            if self.is_written_kept[cell.column] && is_changed(value.as_ref(), &cell.text) {
                let written = Value::String(cell.text);
                metadata
                    .entry(written_name(&column.member))
                    .or_insert(written);
            }
            if let Some(value) = value {
                metadata.entry(column.member.clone()).or_insert(value);
            }
        }
        for (name, list) in row.lists {
            // A column never mixes types, also where its own cell is empty.
            if self.names.contains(&name) {
                *self.hidden_lists.entry(name).or_default() += 1;
            } else {
                metadata.entry(name).or_insert_with(|| list.into());
            }
        }
        // One member names all paths, so that an upload finds them whichever columns a format has.
        let cell = metadata.get(IMAGE).and_then(Value::as_str);
        if let Some(image) = with_entries(cell, &row.image_entries) {
            metadata.insert(IMAGE.to_owned(), image.into());
        }
        let size: usize = metadata
            .iter()
            .map(|(name, value)| name.len() + bytes(value))
            .sum();
        if size > MAX_METADATA_BYTES {
            return Err(format!(
                "the product has {size} bytes of metadata, at most {MAX_METADATA_BYTES} are allowed"
            ));
        }
        Ok(TableProduct {
            line: row.line,
            product_id: row.product_id,
            metadata,
            image_entries: row.image_entries,
            image_links: row.image_links,
            has_more_images: row.has_more_images,
        })
    }

    /// Says which lists are left out.
    pub(crate) fn notes(&self) -> impl Iterator<Item = String> {
        let hidden = self.hidden_lists.iter();
        hidden.map(|(name, products)| {
            format!(
                "the attribute {name:?} of {products} products is left out, because a column is kept as {name:?}"
            )
        })
    }

    /// Returns the report of each column that is kept.
    pub(crate) fn reports(self, sheet: &Sheet) -> Vec<ColumnReport> {
        let columns = self.columns.into_iter().zip(&sheet.columns);
        let kept = columns.filter(|(column, _)| column.is_kept());
        let reports = kept.map(|(column, name)| ColumnReport {
            name: column.member,
            column: name.clone(),
            kind: column.reading.kind(),
            cells: column.census.cells,
            example: example(column.reading, &column.census.first),
            reason: column.report.reason,
            doubtful: column.report.doubtful,
        });
        reports.collect()
    }
}

impl Column {
    /// True if the metadata of a product has it.
    fn is_kept(&self) -> bool {
        !self.member.is_empty() && self.census.cells > 0
    }
}

/// Returns the name of the member with what was written in a column.
fn written_name(member: &str) -> String {
    format!("{member}_text")
}

/// True if a value is shown in another way than it was written.
fn is_changed(value: Option<&Value>, written: &str) -> bool {
    match value {
        Some(Value::String(text)) => text != written,
        Some(Value::Number(number)) => number.to_string() != written,
        Some(_) => false,
        None => true,
    }
}

fn example(reading: ColumnReading, first: &str) -> String {
    let shown: String = first.chars().take(40).collect();
    match reading.read(first) {
        Cell::Value(value) if is_changed(Some(&value), first) => match value.as_str() {
            Some(text) => format!("{shown} = {text}"),
            None => format!("{shown} = {value}"),
        },
        _ => shown,
    }
}

/// Returns the bytes that a value takes in the table, at least.
fn bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(bytes).sum(),
        _ => 8,
    }
}
