//! The report of a table: how it was read, and what a person should look at.

use std::collections::BTreeMap;

use lookalike_core::{Filterable, Metadata};
use lookalike_product_table::{ColumnReport, ColumnType, DoubtfulCells, ProductTable, printable};
use serde::Serialize;
use serde_json::Value;

use crate::image_products::Assignment;
use crate::output;

/// Number of lines, columns or entries that are shown of each kind.
const SHOWN: usize = 10;

/// A filterable column with values that cannot be filtered by.
#[derive(Debug, Serialize)]
pub(crate) struct NotFilterable<'t> {
    pub(crate) name: &'t str,
    products: usize,
    first: &'t str,
    reason: String,
}

/// A declared attribute that has another type in the table than in the file.
#[derive(Debug, Serialize)]
pub(crate) struct TypeChange {
    pub(crate) name: String,
    stored: &'static str,
    file: ColumnType,
    /// A product with the stored type.
    product_id: String,
}

/// Returns the filterable columns with values that cannot be filtered by.
pub(crate) fn not_filterable<'t>(
    table: &'t ProductTable,
    filterable: &'t Filterable,
) -> Vec<NotFilterable<'t>> {
    let mut found: BTreeMap<&str, NotFilterable<'_>> = BTreeMap::new();
    for product in &table.products {
        for (name, reason) in filterable.unfilterable(&product.metadata) {
            let of_name = found.entry(name).or_insert_with(|| NotFilterable {
                name,
                products: 0,
                first: &product.product_id,
                reason: reason.to_string(),
            });
            of_name.products += 1;
        }
    }
    found.into_values().collect()
}

/// Finds the declared attributes whose type in stored products is not that of the file.
pub(crate) fn type_changes<'s>(
    table: &ProductTable,
    filterable: &Filterable,
    stored: impl Iterator<Item = (&'s String, &'s Metadata)> + Clone,
) -> Vec<TypeChange> {
    let declared = |column: &&ColumnReport| filterable.names().any(|name| name == column.name);
    let changes = table.columns.iter().filter(declared).filter_map(|column| {
        stored.clone().find_map(|(product_id, metadata)| {
            let stored = type_of(metadata.get(&column.name)?)?;
            (stored != kept_as(column.kind)).then(|| TypeChange {
                name: column.name.clone(),
                stored,
                file: column.kind,
                product_id: product_id.clone(),
            })
        })
    });
    changes.collect()
}

fn type_of(value: &Value) -> Option<&'static str> {
    match value {
        Value::String(_) => Some("text"),
        Value::Number(_) => Some("number"),
        Value::Bool(_) => Some("boolean"),
        _ => None,
    }
}

/// Returns the type of values in the table; dates are texts there.
fn kept_as(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Text | ColumnType::Date => "text",
        ColumnType::Number => "number",
        ColumnType::Boolean => "boolean",
    }
}

/// Reports, on standard error, what could not be used, and what may be wrong with declared columns.
pub(crate) fn warn(table: &ProductTable, filterable: &Filterable) {
    for bad in table.bad_lines.iter().take(SHOWN) {
        eprintln!("line {}: {}", bad.line, printable(&bad.reason));
    }
    let more_lines = table.bad_line_count.saturating_sub(SHOWN as u64);
    if more_lines > 0 {
        eprintln!(
            "  and {more_lines} more lines that cannot be used; --json lists the first {}",
            table.bad_lines.len()
        );
    }
    for duplicate in table.duplicates.iter().take(SHOWN) {
        let lines: Vec<String> = duplicate
            .lines
            .iter()
            .take(SHOWN)
            .map(u64::to_string)
            .collect();
        eprintln!(
            "warning: {} lines have the product id {:?}, the last one counts: {}",
            duplicate.lines.len(),
            duplicate.product_id,
            lines.join(", ")
        );
    }
    more("product ids of several lines", table.duplicates.len());
    for column in not_filterable(table, filterable) {
        eprintln!(
            "warning: {:?} of {} products cannot be filtered by, the first of them {:?}: {}",
            column.name, column.products, column.first, column.reason
        );
    }
    for column in &table.columns {
        let is_declared = filterable.names().any(|name| name == column.name);
        if is_declared && !column.doubtful.is_empty() {
            eprintln!(
                "warning: {:?} is declared as filterable and is {} ({}); look at {}",
                column.name,
                column.kind,
                column.reason.as_deref().unwrap_or("these cells do not fit"),
                cells(&column.doubtful)
            );
        }
    }
}

/// Reports, on standard error, attributes whose type would differ between products.
pub(crate) fn warn_of_type_changes(changes: &[TypeChange]) {
    for change in changes {
        eprintln!(
            "warning: {:?} is {} in this file, but {} in the table, for example of product {:?}: filters compare each \
             type with its own kind. --types {}=... chooses the type; import all products with the same one",
            change.name, change.file, change.stored, change.product_id, change.name
        );
    }
}

/// Prints how the table was read: its format, and the type of each column.
pub(crate) fn print(table: &ProductTable) {
    let form = match table.delimiter {
        Some('\t') => "separated by tabs".to_owned(),
        Some(delimiter) => format!("separated by {delimiter:?}"),
        None => "XML".to_owned(),
    };
    println!(
        "\nread as {}, {form}, {}; product ids from column {:?}",
        table.format, table.encoding, table.id_column
    );
    let mut rows = vec![
        ["column", "type", "cells", "example", "look at"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for column in &table.columns {
        let name = match column.name == column.column {
            true => column.name.clone(),
            false => format!("{} (from {})", column.name, column.column),
        };
        let mut notes: Vec<String> = column.reason.iter().cloned().collect();
        if !column.doubtful.is_empty() {
            notes.push(cells(&column.doubtful));
        }
        let example = column.example.replace(['\n', '\r', '\t'], " ");
        let row = [
            name,
            column.kind.to_string(),
            column.cells.to_string(),
            example,
            notes.join(": "),
        ];
        rows.push(row.map(|cell| printable(&cell)).to_vec());
    }
    output::print_text(&output::table(&rows));
    let links: usize = table
        .products
        .iter()
        .map(|product| product.image_links.len())
        .sum();
    if links > 0 {
        println!("{links} links to images");
    }
    for note in &table.notes {
        println!("note: {}", printable(note));
    }
}

/// Prints what became of the image entries.
pub(crate) fn print_images(images: &Assignment, dry_run: bool) {
    let verb = if dry_run { "would get" } else { "got" };
    println!(
        "{} images of the catalog are named by the table, {} of them {verb} another product",
        images.matched, images.changed
    );
    for entry in images.in_other_case.iter().take(SHOWN) {
        eprintln!(
            "warning: image {entry:?} of the table has another case than its key in the catalog"
        );
    }
    more("entries in another case", images.in_other_case.len());
    for entry in images.ambiguous.iter().take(SHOWN) {
        eprintln!(
            "warning: other products name the image {:?} of product {:?} too: give each image one product, and name it \
             by its whole path in the catalog",
            entry.entry, entry.product_id
        );
    }
    more("images of several products", images.ambiguous.len());
    if images.matched == 0 && !images.unmatched.is_empty() {
        println!(
            "none of the {} images that the table names is in the catalog yet; `lookalike upload` gives them their \
             products",
            images.unmatched.len()
        );
        return;
    }
    for entry in images.unmatched.iter().take(SHOWN) {
        eprintln!(
            "warning: the catalog has no image {:?} of product {:?}",
            entry.entry, entry.product_id
        );
    }
    more("images that are not in the catalog", images.unmatched.len());
}

fn more(what: &str, total: usize) {
    if total > SHOWN {
        eprintln!("  and {} more {what}; --json lists them", total - SHOWN);
    }
}

/// Lists doubtful cells with their lines.
fn cells(doubtful: &DoubtfulCells) -> String {
    let shown = doubtful.first.iter().take(5);
    let mut shown: Vec<String> = shown
        .map(|(line, cell)| format!("line {line} {cell:?}"))
        .collect();
    let rest = doubtful.total - shown.len() as u64;
    if rest > 0 {
        shown.push(format!("and {rest} more"));
    }
    shown.join(", ")
}
