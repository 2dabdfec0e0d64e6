//! The cells of a file, before anything is known about their meaning.

use crate::bad_line::BadLines;
use crate::error::TableError;
use crate::limits::{MAX_CELLS, MAX_COLUMNS, MAX_NAME_BYTES, MAX_ROWS};
use crate::printable::printable;

/// The cells of a file.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    /// Names of the columns, trimmed; some may be empty.
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<SheetRow>,
    pub(crate) bad_lines: BadLines,
    /// Number of cells of all rows.
    cells: usize,
}

/// The filled cells of one line, or of one item of a feed.
#[derive(Debug)]
pub(crate) struct SheetRow {
    pub(crate) line: u64,
    /// By column; cells of one column, which may occur several times, in the order of the file.
    pub(crate) cells: Vec<SheetCell>,
}

/// A cell that is not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SheetCell {
    pub(crate) column: usize,
    /// The text, trimmed.
    pub(crate) text: String,
}

impl Sheet {
    /// Adds a row.
    pub(crate) fn push(&mut self, mut row: SheetRow) -> Result<(), TableError> {
        self.cells += row.cells.len();
        if self.cells > MAX_CELLS {
            return Err(TableError::TooManyCells);
        }
        if self.rows.len() == MAX_ROWS {
            return Err(TableError::TooManyRows);
        }
        row.cells.sort_by_key(|cell| cell.column);
        self.rows.push(row);
        Ok(())
    }

    /// Adds a line that cannot be used.
    pub(crate) fn bad_line(&mut self, line: u64, reason: &str) {
        self.bad_lines.push(line, reason);
    }

    /// Checks the number of columns, the length of their names, and that each name occurs once, apart from those in `repeatable`.
    pub(crate) fn check_columns(&self, repeatable: &[&str]) -> Result<(), TableError> {
        if self.columns.len() > MAX_COLUMNS {
            return Err(TableError::TooManyColumns);
        }
        if let Some(name) = self.columns.iter().find(|name| name.len() > MAX_NAME_BYTES) {
            return Err(TableError::LongName(name.len()));
        }
        let mut sorted: Vec<&String> = self.columns.iter().collect();
        sorted.sort_unstable();
        for pair in sorted.windows(2) {
            if pair[0] == pair[1] && !pair[0].is_empty() && !is_one_of(pair[0], repeatable) {
                return Err(TableError::ColumnTwice(pair[0].clone()));
            }
        }
        Ok(())
    }

    /// Returns the position of the column with this name.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// Returns the names of all columns, for people.
    pub(crate) fn names(&self) -> String {
        printable(&self.columns.join(", "))
    }
}

impl SheetRow {
    /// Returns the first text of a column.
    pub(crate) fn get(&self, column: usize) -> Option<&str> {
        self.all(column).next()
    }

    /// Returns every text of a column.
    pub(crate) fn all(&self, column: usize) -> impl Iterator<Item = &str> {
        let first = self.cells.partition_point(|cell| cell.column < column);
        let cells = self.cells[first..].iter();
        cells
            .take_while(move |cell| cell.column == column)
            .map(|cell| cell.text.as_str())
    }
}

/// True if a name is one of `names`, which are in lower case with underscores.
fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.contains(&plain_name(name).as_str())
}

/// Returns a column's name for comparisons: in lower case, with underscores.
pub(crate) fn plain_name(name: &str) -> String {
    let name = name.trim().to_lowercase();
    name.trim_start_matches("g:").replace([' ', '-'], "_")
}
