//! Reading product metadata from a CSV file.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use csv::ByteRecord;
use lookalike_core::{Metadata, Product};
use lookalike_training::label_table::csv_reader;
use serde::Serialize;
use serde_json::Value;

/// The required column.
const PRODUCT_ID: &str = "product_id";
/// The column of images.
const IMAGE: &str = "image";
/// Maximum bytes of a product id: the limit for a partition key of the table.
const MAX_ID_BYTES: usize = 2048;
/// Maximum bytes of one product's metadata: an item of the table has at most 400 KB, including
/// names.
const MAX_METADATA_BYTES: usize = 350_000;

/// The content of a file.
#[derive(Debug, Default)]
pub(crate) struct ProductTable {
    /// Products, each once, in order of their last line.
    pub(crate) products: Vec<Product>,
    /// Image paths of the `image` column, and the product that each shows.
    pub(crate) images: HashMap<String, String>,
    /// Lines that could not be used.
    pub(crate) bad_lines: Vec<BadLine>,
}

/// A line that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct BadLine {
    /// Its number in the file; the header is line 1.
    pub(crate) line: u64,
    /// The fault.
    pub(crate) reason: String,
}

impl ProductTable {
    /// Reads a file.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let bytes =
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::read(&bytes).with_context(|| format!("cannot import {}", path.display()))
    }

    fn read(bytes: &[u8]) -> Result<Self> {
        let mut reader = csv_reader(bytes);
        let columns = columns(&mut reader)?;
        let Some(id_column) = columns.iter().position(|name| name == PRODUCT_ID) else {
            bail!(
                "the header has no column {PRODUCT_ID:?}, only {}: name the column that identifies \
                 the products so",
                columns.join(", ")
            );
        };
        let mut table = Self::default();
        let mut products: BTreeMap<String, (u64, Product)> = BTreeMap::new();
        let mut record = ByteRecord::new();
        loop {
            let line = reader.position().line();
            match reader.read_byte_record(&mut record) {
                Ok(false) => break,
                Ok(true) => {
                    let line = record.position().map_or(line, csv::Position::line);
                    match product(&columns, id_column, &record) {
                        Ok(product) => {
                            table.note_images(&product);
                            products.insert(product.product_id.clone(), (line, product));
                        }
                        Err(reason) => table.bad_lines.push(BadLine { line, reason }),
                    }
                }
                Err(error) => {
                    let line = error.position().map_or(line, csv::Position::line);
                    let reason = reason(&error);
                    table.bad_lines.push(BadLine { line, reason });
                    if error.is_io_error() {
                        break;
                    }
                }
            }
        }
        let mut products: Vec<_> = products.into_values().collect();
        products.sort_by_key(|(line, _)| *line);
        table.products = products.into_iter().map(|(_, product)| product).collect();
        Ok(table)
    }

    fn note_images(&mut self, product: &Product) {
        if let Some(Value::String(paths)) = product.metadata.get(IMAGE) {
            for path in paths.split('|').map(str::trim).filter(|p| !p.is_empty()) {
                self.images
                    .insert(path.to_owned(), product.product_id.clone());
            }
        }
    }
}

fn columns(reader: &mut csv::Reader<impl Read>) -> Result<Vec<String>> {
    let header = reader
        .headers()
        .context("the header is not a UTF-8 CSV line")?;
    let columns: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
    for (i, name) in columns.iter().enumerate() {
        if columns[..i].contains(name) && !name.is_empty() {
            bail!("the header names column {name:?} twice: rename one");
        }
    }
    Ok(columns)
}

fn product(columns: &[String], id_column: usize, record: &ByteRecord) -> Result<Product, String> {
    let mut product_id = String::new();
    let mut metadata = Metadata::new();
    let mut size = 0;
    for (i, (name, field)) in columns.iter().zip(record).enumerate() {
        let field = std::str::from_utf8(field)
            .map_err(|_| format!("column {name:?} is not UTF-8: save the file as UTF-8"))?
            .trim();
        if i == id_column {
            product_id = field.to_owned();
        } else if !field.is_empty() && !name.is_empty() {
            size += name.len() + field.len();
            metadata.insert(name.clone(), typed(field));
        }
    }
    if product_id.is_empty() {
        return Err(format!("{PRODUCT_ID} is empty"));
    }
    if product_id.len() > MAX_ID_BYTES {
        return Err(format!(
            "{PRODUCT_ID} has {} bytes, at most {MAX_ID_BYTES} are allowed",
            product_id.len()
        ));
    }
    if size > MAX_METADATA_BYTES {
        return Err(format!(
            "the line has {size} bytes of metadata, at most {MAX_METADATA_BYTES} are allowed"
        ));
    }
    Ok(Product {
        product_id,
        metadata,
    })
}

/// Parses numbers and booleans; an article number with leading zeros stays text.
fn typed(field: &str) -> Value {
    match field {
        "true" | "TRUE" | "True" => return Value::Bool(true),
        "false" | "FALSE" | "False" => return Value::Bool(false),
        _ => {}
    }
    let digits = field.strip_prefix('-').unwrap_or(field);
    let leading_zero = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.ends_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
        && digits.len() <= 15;
    if plain
        && !leading_zero
        && let Ok(number) = serde_json::from_str(field)
    {
        return Value::Number(number);
    }
    Value::String(field.to_owned())
}

fn reason(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("the line has {len} fields, the header has {expected_len}"),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> ProductTable {
        ProductTable::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn every_other_column_becomes_typed_metadata() {
        let table = read(
            "product_id,name,price,stock,sold,ean,empty\n1,\"Shoe, red\",-49.90,12,true,0012345,\n",
        );
        let expected = json!({"name": "Shoe, red", "price": -49.9, "stock": 12, "sold": true, "ean": "0012345"});
        assert_eq!(json!(table.products[0].metadata), expected);
        assert!(table.bad_lines.is_empty());
    }

    #[test]
    fn a_bad_line_is_reported_with_its_number_and_the_rest_is_read() {
        let mut bytes = b"product_id,name\n1,a\n2,b,c\n,d\n\"3\",\"two\nlines\"\n".to_vec();
        bytes.extend(b"4,\xff\n5,e\n");
        let table = ProductTable::read(&bytes).unwrap();
        let lines: Vec<u64> = table.bad_lines.iter().map(|bad| bad.line).collect();
        assert_eq!(lines, [3, 4, 7]);
        let ids: Vec<&str> = table
            .products
            .iter()
            .map(|p| p.product_id.as_str())
            .collect();
        assert_eq!(ids, ["1", "3", "5"]);
    }

    #[test]
    fn the_last_line_of_a_product_counts() {
        let table = read("product_id,price\na,1\nb,2\na,3\n");
        assert_eq!(table.products.len(), 2);
        assert_eq!(table.products[1].metadata["price"], 3);
    }

    #[test]
    fn semicolons_tabs_and_a_byte_order_mark_are_understood() {
        for text in [
            "\u{feff}product_id;name\n1;a\n",
            "product_id\tname\r\n1\ta\r\n",
        ] {
            assert_eq!(read(text).products[0].metadata["name"], "a", "{text:?}");
        }
    }

    #[test]
    fn a_file_without_product_ids_is_refused_with_its_columns() {
        let error = ProductTable::read(b"sku,name\n1,a\n").unwrap_err();
        assert!(error.to_string().contains("sku, name"), "{error}");
        assert!(ProductTable::read(b"").is_err());
    }

    #[test]
    fn the_image_column_names_the_product_of_a_picture() {
        let table = read("product_id,image\np1,shoes/a.jpg|shoes/b.jpg\n");
        assert_eq!(table.images["shoes/b.jpg"], "p1");
    }
}
