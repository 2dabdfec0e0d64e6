//! Reading a table from beginning to end.

use crate::bad_line::{BadLine, DuplicateId};
use crate::columns::ColumnReport;
use crate::error::TableError;
use crate::layout::{Format, Layout, product_rows};
use crate::limits::MAX_FILE_BYTES;
use crate::options::ReadOptions;
use crate::product::TableProduct;
use crate::product_columns::ProductColumns;
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
    /// The first lines that could not be used, ascending, at most 1,000.
    pub bad_lines: Vec<BadLine>,
    /// Number of all lines that could not be used.
    pub bad_line_count: u64,
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
        let text = text::decode(bytes)?;
        let (mut sheet, delimiter) = match text::is_xml(&text.bytes) {
            true => (text::read_xml(&text.bytes)?, None),
            false => text::read_delimited(&text.bytes).map(|(sheet, mark)| (sheet, Some(mark)))?,
        };
        let layout = Layout::of(&sheet, options)?;
        check_types(&sheet, &layout, options)?;
        let mut notes = layout.notes.clone();
        notes.extend(unnamed(&sheet));
        if text.is_assumed {
            notes.extend(assumed_encoding(&sheet, text.encoding));
        }
        let rows = product_rows(&mut sheet, &layout);
        notes.extend(rows.notes);
        let mut columns = ProductColumns::of(&sheet, &layout, &rows.products, options);
        let mut products = Vec::with_capacity(rows.products.len());
        for row in rows.products {
            let line = row.line;
            match columns.product(row) {
                Ok(product) => products.push(product),
                Err(reason) => sheet.bad_line(line, &reason),
            }
        }
        notes.extend(columns.notes());
        Ok(Self {
            format: layout.format,
            encoding: text.encoding,
            delimiter,
            id_column: sheet.columns[layout.id].clone(),
            products,
            columns: columns.reports(&sheet),
            bad_line_count: sheet.bad_lines.total,
            bad_lines: sheet.bad_lines.into_first(),
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

/// Quotes the first text that looks different in another encoding.
fn assumed_encoding(sheet: &Sheet, encoding: TextEncoding) -> Option<String> {
    let header = sheet.columns.iter().map(|name| (None, name.as_str()));
    let rows = sheet.rows.iter().flat_map(|row| {
        let cells = row.cells.iter();
        cells.map(|cell| (Some(row.line), cell.text.as_str()))
    });
    let (line, text) = header.chain(rows).find(|(_, text)| !text.is_ascii())?;
    let place = line.map_or_else(|| "the header".to_owned(), |line| format!("line {line}"));
    let position = text.find(|c: char| !c.is_ascii()).unwrap_or_default();
    let start = text[..position]
        .char_indices()
        .rev()
        .nth(29)
        .map_or(0, |(start, _)| start);
    let shown: String = text[start..].chars().take(60).collect();
    Some(format!(
        "the file is not UTF-8 and does not name its encoding: {encoding} is assumed, in which {place} has {shown:?}; \
         save the file as UTF-8 if that is wrong"
    ))
}
