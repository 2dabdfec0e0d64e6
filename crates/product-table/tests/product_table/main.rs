//! Product tables through the public interface.
#![allow(clippy::unwrap_used)]

mod broken;
mod formats;
mod matching;
mod properties;
mod texts;
mod types;

use lookalike_product_table::{ColumnReport, ProductTable, ReadOptions, TableProduct};

/// Reads a table without any choices.
fn read(text: &str) -> ProductTable {
    ProductTable::read(text.as_bytes(), &ReadOptions::default()).unwrap()
}

/// Reads a table with chosen types, such as `price=number`.
fn read_as(text: &str, types: &[(&str, &str)]) -> ProductTable {
    let types = types
        .iter()
        .map(|(name, word)| ((*name).to_owned(), word.parse().unwrap()));
    let options = ReadOptions {
        types: types.collect(),
        ..ReadOptions::default()
    };
    ProductTable::read(text.as_bytes(), &options).unwrap()
}

fn column<'t>(table: &'t ProductTable, name: &str) -> &'t ColumnReport {
    table
        .columns
        .iter()
        .find(|column| column.name == name)
        .unwrap()
}

fn product<'t>(table: &'t ProductTable, id: &str) -> &'t TableProduct {
    table
        .products
        .iter()
        .find(|product| product.product_id == id)
        .unwrap()
}

/// Returns the numbers of the lines that could not be used.
fn bad_lines(table: &ProductTable) -> Vec<u64> {
    table.bad_lines.iter().map(|bad| bad.line).collect()
}

fn ids(table: &ProductTable) -> Vec<&str> {
    table
        .products
        .iter()
        .map(|product| product.product_id.as_str())
        .collect()
}
