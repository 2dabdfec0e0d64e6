use std::path::Path;

use csv::ReaderBuilder;

use crate::label_error::LabelError;

/// The column of image paths; several in one field are separated by `|`.
const IMAGE: &str = "image";
/// Default columns of the label; the first one that exists is used.
const LABELS: [&str; 2] = ["label", "category"];
/// The column of the product that an image shows, if the table has it.
const PRODUCT: &str = "product_id";

/// The columns of a label table, and which of them are needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LabelColumns {
    names: Vec<String>,
    pub(crate) image: usize,
    pub(crate) label: usize,
    pub(crate) product: Option<usize>,
}

impl LabelColumns {
    /// Finds the columns of images and labels; the latter are in the column `label`, if given.
    pub(crate) fn find(
        table: &Path,
        header: &csv::StringRecord,
        label: Option<&str>,
    ) -> Result<Self, LabelError> {
        let mut columns = Self {
            names: header.iter().map(|name| name.trim().to_owned()).collect(),
            image: 0,
            label: 0,
            product: None,
        };
        columns.product = columns.place(PRODUCT);
        let missing = |expected: String| LabelError::MissingColumn {
            table: table.to_owned(),
            expected,
            found: header.iter().collect::<Vec<_>>().join(", "),
        };
        columns.image = columns
            .place(IMAGE)
            .ok_or_else(|| missing(format!("{IMAGE:?}")))?;
        columns.label = match label {
            Some(name) => columns
                .place(name)
                .ok_or_else(|| missing(format!("{name:?}")))?,
            None => LABELS
                .into_iter()
                .find_map(|name| columns.place(name))
                .ok_or_else(|| missing("\"label\" or \"category\"".to_owned()))?,
        };
        Ok(columns)
    }

    /// Returns the place of a column.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|found| found == name)
    }

    /// Returns the names of all columns.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }
}

/// Returns a reader of CSV bytes with a header, as spreadsheets write them: a byte order mark is
/// skipped, and fields are separated by commas, or by semicolons or tabs if the header contains no
/// comma.
pub(crate) fn csv_reader(bytes: &[u8]) -> csv::Reader<&[u8]> {
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
