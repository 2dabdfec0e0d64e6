//! Reading a table from beginning to end.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::bad_line::{BadLine, DuplicateId};
use crate::columns::{Cell, Census, ColumnReading, ColumnReport, Report, Role};
use crate::error::TableError;
use crate::layout::{Format, Layout, ProductRow, product_rows};
use crate::limits::{MAX_FILE_BYTES, MAX_METADATA_BYTES};
use crate::options::ReadOptions;
use crate::product::TableProduct;
use crate::sheet::Sheet;
use crate::text::{self, TextEncoding};

/// The products of a file, and everything to be said about it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProductTable {
    /// The format.
    pub format: Format,
    /// The encoding of the file.
    pub encoding: TextEncoding,
    /// The delimiter; `None` for XML.
    pub delimiter: Option<char>,
    /// The column of the product ids.
    pub id_column: String,
    /// The products, each once, in the order of the file.
    pub products: Vec<TableProduct>,
    /// A report of each column that is kept, in the order of the file.
    pub columns: Vec<ColumnReport>,
    /// Lines that could not be used, ascending.
    pub bad_lines: Vec<BadLine>,
    /// Product ids of several lines.
    pub duplicates: Vec<DuplicateId>,
    /// Decisions that were made while reading, for people.
    pub notes: Vec<String>,
}

impl ProductTable {
    /// Reads a file.
    ///
    /// # Errors
    /// [`TableError`] if the file as a whole cannot be read. Single unusable lines are in
    /// [`bad_lines`](Self::bad_lines).
    pub fn read(bytes: &[u8], options: &ReadOptions) -> Result<Self, TableError> {
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(TableError::TooManyBytes(bytes.len() as u64));
        }
        let (text, encoding) = text::decode(bytes)?;
        let (mut sheet, delimiter) = match text::is_xml(&text) {
            true => (text::read_xml(&text)?, None),
            false => text::read_delimited(&text).map(|(sheet, mark)| (sheet, Some(mark)))?,
        };
        let layout = Layout::of(&sheet, options)?;
        check_types(&sheet, &layout, options)?;
        let mut notes = layout.notes.clone();
        notes.extend(unnamed(&sheet));
        let rows = product_rows(&mut sheet, &layout);
        notes.extend(rows.notes);
        let mut columns = Columns::of(&sheet, &layout, &rows.products, options);
        let mut products = Vec::with_capacity(rows.products.len());
        for row in rows.products {
            let line = row.line;
            match columns.product(row) {
                Ok(product) => products.push(product),
                Err(reason) => sheet.bad_line(line, reason),
            }
        }
        sheet.bad_lines.sort_by_key(|bad| bad.line);
        Ok(Self {
            format: layout.format,
            encoding,
            delimiter,
            id_column: sheet.columns[layout.id].clone(),
            products,
            columns: columns.reports(&sheet),
            bad_lines: sheet.bad_lines,
            duplicates: rows.duplicates,
            notes,
        })
    }
}

/// Checks that every chosen type is that of a column.
fn check_types(sheet: &Sheet, layout: &Layout, options: &ReadOptions) -> Result<(), TableError> {
    let exists = |name: &String| sheet.columns.contains(name) || layout.members.contains(name);
    match options.types.keys().find(|name| !exists(name)) {
        None => Ok(()),
        Some(name) => Err(TableError::NoSuchColumn {
            option: "--types",
            name: name.clone(),
            found: sheet.names(),
        }),
    }
}

/// Says which values are left out because their column has no name.
fn unnamed(sheet: &Sheet) -> Option<String> {
    let is_unnamed = |column: usize| sheet.columns[column].is_empty();
    let rows = sheet.rows.iter().flat_map(|row| &row.cells);
    let cells = rows.filter(|cell| is_unnamed(cell.column)).count();
    (cells > 0).then(|| {
        format!("{cells} cells are left out, because their columns have no name in the header")
    })
}

/// The columns with what is known of them.
struct Columns {
    /// In the order of the file.
    columns: Vec<Column>,
    is_written_kept: Vec<bool>,
}

struct Column {
    /// Its name in the metadata; empty if it is not kept.
    member: String,
    reading: ColumnReading,
    report: Report,
    census: Census,
    is_chosen: bool,
}

impl Columns {
    fn of(sheet: &Sheet, layout: &Layout, products: &[ProductRow], options: &ReadOptions) -> Self {
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
        let has = |name: String| columns.iter().any(|column| column.member == name);
        let is_written_kept = columns
            .iter()
            .map(|column| !has(written_name(&column.member)));
        Self {
            is_written_kept: is_written_kept.collect(),
            columns,
        }
    }

    /// Makes a product, or returns the reason why there is none.
    fn product(&mut self, row: ProductRow) -> Result<TableProduct, String> {
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
            metadata.entry(name).or_insert_with(|| list.into());
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
        })
    }

    fn reports(self, sheet: &Sheet) -> Vec<ColumnReport> {
        let columns = self.columns.into_iter().zip(&sheet.columns);
        let kept =
            columns.filter(|(column, _)| !column.member.is_empty() && column.census.cells > 0);
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
