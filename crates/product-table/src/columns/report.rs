//! The report of a column, for the person who imports a table.

use std::fmt;

use serde::Serialize;

use crate::limits::MAX_SHOWN;

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// Text.
    Text,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A date, kept as text of the form `2024-01-31`.
    Date,
}

/// The report of a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnReport {
    /// Its name in the metadata.
    pub name: String,
    /// Its name in the file.
    pub column: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// Number of cells that are not empty.
    pub cells: u64,
    /// The first of them, and how it is kept.
    pub example: String,
    /// The reason for the type, if it is not plain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Cells that do not fit the type, or that kept the column from being another type.
    #[serde(skip_serializing_if = "DoubtfulCells::is_empty")]
    pub doubtful: DoubtfulCells,
}

/// Cells that a person should look at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DoubtfulCells {
    /// Number of all.
    pub total: u64,
    /// The first ones: line and text.
    pub first: Vec<(u64, String)>,
}

/// The reason for a type, and doubts about it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Report {
    pub(crate) reason: Option<String>,
    pub(crate) doubtful: DoubtfulCells,
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Date => "date",
        })
    }
}

impl DoubtfulCells {
    /// Maximum number of characters of a cell that are shown.
    const MAX_CHARACTERS: usize = 60;

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    pub(crate) fn push(&mut self, line: u64, text: &str) {
        self.total += 1;
        if self.first.len() < MAX_SHOWN {
            let shown = text.chars().take(Self::MAX_CHARACTERS).collect();
            self.first.push((line, shown));
        }
    }

    pub(crate) fn extend(&mut self, other: &Self) {
        self.total += other.total;
        let free = MAX_SHOWN - self.first.len();
        self.first.extend(other.first.iter().take(free).cloned());
        self.first.sort_unstable();
    }
}
