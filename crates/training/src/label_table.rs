//! A CSV file with labels of images.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, Position};

use crate::label_columns::{LabelColumns, csv_reader};
use crate::label_error::LabelError;
use crate::labeled_image::SEPARATOR;
use crate::skipped::Skipped;

/// Labels by image path, from a UTF-8 CSV file with a header.
///
/// A path may be relative to the folder, or begin at any folder around it: `train/hat/1.jpg` and
/// `hat/1.jpg` both name the image `hat/1.jpg` of a folder `train`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelTable {
    path: PathBuf,
    columns: LabelColumns,
    lines: Vec<ByteRecord>,
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
    /// The line among those that could be used.
    place: usize,
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
        let columns = LabelColumns::find(path, &header, column)?;
        let mut table = Self {
            path: path.to_owned(),
            columns,
            lines: Vec::new(),
            rows: Vec::new(),
            by_image: HashMap::new(),
            bad_lines: Vec::new(),
        };
        for record in reader.byte_records() {
            match record {
                Ok(record) => {
                    let line = record.position().map_or(0, Position::line);
                    if let Err(reason) = table.add(line, record) {
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
        let product = self.columns.product;
        Some(FoundRow {
            row,
            label: &self.rows[row].label,
            product: product.and_then(|column| self.content(row, column)),
        })
    }

    /// Returns the content of a column in the row that names an image; `None` if the column does
    /// not exist, or is empty or not UTF-8 there.
    pub fn value(&self, root: &Path, name: &str, column: &str) -> Option<&str> {
        let column = self.columns.place(column)?;
        let found = self.find(root, name)?;
        self.content(found.row, column)
    }

    fn content(&self, row: usize, column: usize) -> Option<&str> {
        let line = &self.lines[self.rows[row].place];
        field(line, column).ok().filter(|value| !value.is_empty())
    }

    /// True if the labels are in a column.
    pub fn is_label(&self, column: &str) -> bool {
        self.columns.place(column) == Some(self.columns.label)
    }

    /// Checks that there is a column.
    ///
    /// # Errors
    /// [`LabelError::MissingColumn`].
    pub fn expect_column(&self, column: &str) -> Result<(), LabelError> {
        match self.columns.place(column) {
            Some(_) => Ok(()),
            None => Err(LabelError::MissingColumn {
                table: self.path.clone(),
                expected: format!("{column:?}"),
                found: self.columns.names().join(", "),
            }),
        }
    }

    fn add(&mut self, line: u64, record: ByteRecord) -> Result<(), String> {
        let (image, label) = (self.columns.image, self.columns.label);
        let (images, label) = (field(&record, image)?, field(&record, label)?);
        let product = self.columns.product;
        product.map(|place| field(&record, place)).transpose()?;
        if images.is_empty() || label.is_empty() {
            return Err("the image or the label is empty".to_owned());
        }
        let images: Vec<String> = images
            .split(SEPARATOR)
            .map(|image| image.trim().trim_start_matches("./").to_owned())
            .filter(|image| !image.is_empty())
            .collect();
        let label = label.to_owned();
        for image in &images {
            if let Some(&other) = self.by_image.get(image)
                && self.rows[other].label != label
            {
                let TableRow { line, label, .. } = &self.rows[other];
                return Err(format!("line {line} says {label:?} of {image:?} already"));
            }
        }
        for image in images {
            if let Entry::Vacant(vacant) = self.by_image.entry(image) {
                self.rows.push(TableRow {
                    line,
                    image: vacant.key().clone(),
                    label: label.clone(),
                    place: self.lines.len(),
                });
                vacant.insert(self.rows.len() - 1);
            }
        }
        self.lines.push(record);
        Ok(())
    }

    fn bad(&mut self, line: u64, reason: String) {
        self.bad_lines.push(Skipped {
            what: format!("line {line}"),
            reason,
        });
    }
}

fn field(line: &ByteRecord, place: usize) -> Result<&str, &'static str> {
    let field = std::str::from_utf8(line.get(place).unwrap_or_default());
    field.map(str::trim).map_err(|_| "it is not UTF-8")
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

    #[test]
    fn a_line_that_contradicts_another_says_nothing_of_its_other_images() {
        let text = b"image,label,color\n1.jpg,hat,red\n2.jpg|1.jpg,shoe,blue\n";
        let table = open(text, None).unwrap();
        assert_eq!(table.bad_lines()[0].what, "line 3");
        let color = |name| table.value(Path::new("/data"), name, "color");
        assert_eq!((color("1.jpg"), color("2.jpg")), (Some("red"), None));
    }
}
