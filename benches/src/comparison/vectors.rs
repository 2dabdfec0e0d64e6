//! Files that both sides read: little-endian `f32` without a header, and rows as tab-separated text.

use std::path::Path;

use lookalike_index::{Attributes, QuantizedVector, Row};

use crate::AnyError;

/// Reads a file of `f32`.
pub(crate) fn read(path: &Path) -> Result<Vec<f32>, AnyError> {
    let bytes = std::fs::read(path).map_err(|error| at(path, error))?;
    let (numbers, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(at(path, "it is not a file of 4-byte numbers"));
    }
    Ok(numbers.iter().copied().map(f32::from_le_bytes).collect())
}

/// Writes a file of `f32`.
pub(crate) fn write(path: &Path, numbers: &[f32]) -> Result<(), AnyError> {
    let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
    std::fs::write(path, bytes).map_err(|error| at(path, error))
}

/// The columns of an image in the index, except its vector.
pub(crate) struct RowText {
    key: String,
    product_id: String,
    etag: String,
    attributes: Attributes,
}

impl RowText {
    /// Returns the row with this vector.
    pub(crate) fn with(self, embedding: QuantizedVector) -> Row {
        Row {
            key: self.key,
            product_id: self.product_id,
            etag: self.etag,
            attributes: self.attributes,
            embedding,
        }
    }
}

/// Reads rows: key, product, ETag and category, one line each; and their other attributes, one JSON
/// object per line.
pub(crate) fn read_rows(path: &Path, attributes: Option<&Path>) -> Result<Vec<RowText>, AnyError> {
    let text = std::fs::read_to_string(path).map_err(|error| at(path, error))?;
    let mut rows = text
        .lines()
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [key, product_id, etag, category] = fields[..] else {
                return Err(at(path, format!("expected four fields, found {line:?}")));
            };
            Ok(RowText {
                key: key.to_owned(),
                product_id: product_id.to_owned(),
                etag: etag.to_owned(),
                attributes: Attributes::from([("category".to_owned(), category.into())]),
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    if let Some(path) = attributes {
        let text = std::fs::read_to_string(path).map_err(|error| at(path, error))?;
        let more: Vec<Attributes> = text
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<_, _>>()
            .map_err(|error| at(path, error))?;
        if more.len() != rows.len() {
            let problem = format!("expected {} lines, found {}", rows.len(), more.len());
            return Err(at(path, problem));
        }
        for (row, more) in rows.iter_mut().zip(more) {
            row.attributes.extend(more);
        }
    }
    Ok(rows)
}

/// Makes an error about a file.
pub(crate) fn at(path: &Path, error: impl std::fmt::Display) -> AnyError {
    format!("{}: {error}", path.display()).into()
}
