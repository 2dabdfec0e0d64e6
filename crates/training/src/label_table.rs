//! A CSV file with labels of images.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, Position, ReaderBuilder};

use crate::label_error::LabelError;
use crate::skipped::Skipped;

/// The column of image paths; several in one field are separated by `|`.
const IMAGE: &str = "image";
/// Default columns of the label; the first one that exists is used.
const LABELS: [&str; 2] = ["label", "category"];
/// The column of the product that an image shows, if the table has it.
const PRODUCT: &str = "product_id";

/// Labels by image path, from a UTF-8 CSV file with a header.
///
/// A path may be relative to the folder, or begin at any folder around it: `train/hat/1.jpg` and
/// `hat/1.jpg` both name the image `hat/1.jpg` of a folder `train`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelTable {
    path: PathBuf,
    rows: Vec<TableRow>,
    /// The row for each path.
    by_image: HashMap<String, usize>,
    bad_lines: Vec<Skipped>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct TableRow {
    line: u64,
    image: String,
    label: String,
    product: Option<String>,
}

/// The row that names an image.
pub(crate) struct FoundRow<'a> {
    /// Number of the row.
    pub(crate) row: usize,
    /// Its label.
    pub(crate) label: &'a str,
    /// Its product, if the table names one.
    pub(crate) product: Option<&'a str>,
}

/// Positions of the fields in a line.
struct Columns {
    image: usize,
    label: usize,
    product: Option<usize>,
}

impl LabelTable {
    /// Reads a table. The labels are in `column`, otherwise in `label` or `category`.
    ///
    /// # Errors
    /// If the file cannot be read, lacks a column, or labels nothing.
    pub fn open(path: &Path, column: Option<&str>) -> Result<Self, LabelError> {
        let bytes = std::fs::read(path).map_err(|source| LabelError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let mut reader = csv_reader(&bytes);
        let not_a_table = |error: csv::Error| LabelError::NotATable {
            table: path.to_owned(),
            reason: error.to_string(),
        };
        let header = reader.headers().map_err(not_a_table)?.clone();
        let columns = Columns::find(path, &header, column)?;
        let mut table = Self {
            path: path.to_owned(),
            rows: Vec::new(),
            by_image: HashMap::new(),
            bad_lines: Vec::new(),
        };
        for record in reader.byte_records() {
            match record {
                Ok(record) => {
                    let line = record.position().map_or(0, Position::line);
                    if let Err(reason) = table.add(line, &columns, &record) {
                        table.bad(line, reason);
                    }
                }
                Err(error) => {
                    let line = error.position().map_or(0, Position::line);
                    table.bad(line, error.to_string());
                }
            }
        }
        if table.rows.is_empty() {
            return Err(LabelError::EmptyTable {
                table: table.path,
                lines: table.bad_lines.len(),
            });
        }
        Ok(table)
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the lines that could not be used.
    pub fn bad_lines(&self) -> &[Skipped] {
        &self.bad_lines
    }

    /// Lists the rows for which `found` returns false: no folder has their image.
    pub(crate) fn missing_rows(&self, found: impl Fn(usize) -> bool) -> Vec<Skipped> {
        let rows = self.rows.iter().enumerate();
        rows.filter(|(row, _)| !found(*row))
            .map(|(_, row)| Skipped {
                what: format!("line {}: {}", row.line, row.image),
                reason: "there is no such image".to_owned(),
            })
            .collect()
    }

    /// Returns the row that names an image. The longest matching path counts.
    pub(crate) fn find(&self, root: &Path, name: &str) -> Option<FoundRow<'_>> {
        let whole = format!("{}/{name}", root.to_string_lossy());
        let row = *endings(&whole).find_map(|ending| self.by_image.get(ending))?;
        let TableRow { label, product, .. } = &self.rows[row];
        Some(FoundRow {
            row,
            label,
            product: product.as_deref(),
        })
    }

    fn add(&mut self, line: u64, columns: &Columns, record: &ByteRecord) -> Result<(), String> {
        let field = |place: usize| {
            let field = std::str::from_utf8(record.get(place).unwrap_or_default());
            field.map(str::trim).map_err(|_| "it is not UTF-8")
        };
        let (images, label) = (field(columns.image)?, field(columns.label)?);
        let product = columns.product.map(field).transpose()?;
        let product = product.filter(|id| !id.is_empty()).map(str::to_owned);
        if images.is_empty() || label.is_empty() {
            return Err("the image or the label is empty".to_owned());
        }
        for image in images.split('|').map(str::trim).filter(|i| !i.is_empty()) {
            let image = image.trim_start_matches("./");
            match self.by_image.get(image) {
                Some(&other) if self.rows[other].label != label => {
                    let TableRow { line, label, .. } = &self.rows[other];
                    return Err(format!("line {line} says {label:?} of {image:?} already"));
                }
                Some(_) => {}
                None => {
                    self.by_image.insert(image.to_owned(), self.rows.len());
                    self.rows.push(TableRow {
                        line,
                        image: image.to_owned(),
                        label: label.to_owned(),
                        product: product.clone(),
                    });
                }
            }
        }
        Ok(())
    }

    fn bad(&mut self, line: u64, reason: String) {
        self.bad_lines.push(Skipped {
            what: format!("line {line}"),
            reason,
        });
    }
}

impl Columns {
    fn find(
        table: &Path,
        header: &csv::StringRecord,
        label: Option<&str>,
    ) -> Result<Self, LabelError> {
        let place = |name: &str| header.iter().position(|found| found.trim() == name);
        let missing = |expected: String| LabelError::MissingColumn {
            table: table.to_owned(),
            expected,
            found: header.iter().collect::<Vec<_>>().join(", "),
        };
        let image = place(IMAGE).ok_or_else(|| missing(format!("{IMAGE:?}")))?;
        let label = match label {
            Some(name) => place(name).ok_or_else(|| missing(format!("{name:?}")))?,
            None => LABELS
                .into_iter()
                .find_map(place)
                .ok_or_else(|| missing("\"label\" or \"category\"".to_owned()))?,
        };
        Ok(Self {
            image,
            label,
            product: place(PRODUCT),
        })
    }
}

/// Returns a reader of CSV bytes with a header, as spreadsheets write them: a byte order mark is
/// skipped, and fields are separated by commas, or by semicolons or tabs if the header contains no
/// comma.
fn csv_reader(bytes: &[u8]) -> csv::Reader<&[u8]> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let header = bytes.split(|&b| b == b'\n').next().unwrap_or_default();
    let has = |delimiter| header.contains(&delimiter);
    let delimiter = match (has(b','), has(b';'), has(b'\t')) {
        (false, true, _) => b';',
        (false, false, true) => b'\t',
        _ => b',',
    };
    ReaderBuilder::new().delimiter(delimiter).from_reader(bytes)
}

/// Returns the path itself and its ends without the first folders.
fn endings(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| {
        path.split_once('/').map(|(_, rest)| rest)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn open(text: &[u8], column: Option<&str>) -> Result<LabelTable, LabelError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        LabelTable::open(file.path(), column)
    }

    fn label<'a>(table: &'a LabelTable, name: &str) -> Option<&'a str> {
        table
            .find(Path::new("/data/train"), name)
            .map(|found| found.label)
    }

    #[test]
    fn the_most_exact_path_names_a_image() {
        let text = "label;image\nfirst;1.jpg\nsecond;train/a/1.jpg | ./b/2.jpg\n";
        let table = open(text.as_bytes(), None).unwrap();
        assert_eq!(label(&table, "a/1.jpg"), Some("second"));
        assert_eq!(label(&table, "c/1.jpg"), Some("first"));
        assert_eq!(label(&table, "b/2.jpg"), Some("second"));
        assert_eq!(label(&table, "2.jpg"), None);
    }

    #[test]
    fn the_column_can_be_chosen() {
        let text = b"\xEF\xBB\xBFimage,category,label,brand\n1.jpg,hat,straw,acme\n";
        let chosen = |column| label(&open(text, column).unwrap(), "1.jpg").map(str::to_owned);
        assert_eq!(chosen(None).unwrap(), "straw");
        assert_eq!(chosen(Some("brand")).unwrap(), "acme");
        let error = open(text, Some("colour")).unwrap_err().to_string();
        assert!(error.ends_with("has no column \"colour\", only image, category, label, brand"));
        let error = open(b"picture,label\n", None).unwrap_err().to_string();
        assert!(error.ends_with("has no column \"image\", only picture, label"));
        let error = open(b"image,kind\n", None).unwrap_err().to_string();
        assert!(error.contains("\"label\" or \"category\", only image, kind"));
    }

    #[test]
    fn bad_lines_are_listed_and_the_rest_is_read() {
        let text =
            b"image,label\n1.jpg,hat\n1.jpg,shoe\n2.jpg,\n3.jpg,a,b\n\xff.jpg,hat\n4.jpg,hat\n";
        let table = open(text, None).unwrap();
        let lines: Vec<&str> = table.bad_lines().iter().map(|b| b.what.as_str()).collect();
        assert_eq!(lines, ["line 3", "line 4", "line 5", "line 6"]);
        assert!(table.bad_lines()[0].reason.contains("line 2 says \"hat\""));
        assert_eq!(label(&table, "4.jpg"), Some("hat"));
        assert!(matches!(
            open(b"image,label\n1.jpg,\n", None),
            Err(LabelError::EmptyTable { lines: 1, .. })
        ));
        assert!(open(b"", None).is_err());
    }
}
