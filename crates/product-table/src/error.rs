//! Errors: the file as a whole cannot be read.

use crate::limits::{
    MAX_CELLS, MAX_COLUMNS, MAX_FILE_BYTES, MAX_NAME_BYTES, MAX_ROWS, MAX_XML_DEPTH,
};

/// The reason why a file cannot be read. Nothing of it is used then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The file is too large.
    #[error("the file has {0} bytes, at most {MAX_FILE_BYTES} can be read: split it")]
    TooManyBytes(u64),
    /// There are no columns.
    #[error("the file is empty: it needs a header with a column product_id")]
    Empty,
    /// The text has another encoding than its byte order mark or declaration says.
    #[error("the file is not {0}, which it begins as: save it as UTF-8")]
    Encoding(String),
    /// The XML declaration names an encoding that does not exist.
    #[error("the encoding {0:?} is not known: save the file as UTF-8")]
    UnknownEncoding(String),
    /// A quoted field does not end where it should.
    #[error(
        "line {line}: a quoted field begins here {fault}; write quotes inside of a quoted field twice (\"\"). Nothing \
         was read, because everything after this quote would be a guess"
    )]
    Quoting {
        /// The line with the opening quote.
        line: u64,
        /// The fault.
        fault: &'static str,
    },
    /// The header names a column twice.
    #[error("the header names column {0:?} twice: rename one")]
    ColumnTwice(String),
    /// The header has a name in another encoding than the rest.
    #[error("line {0}: a name in the header is not UTF-8: save the file as UTF-8")]
    HeaderEncoding(u64),
    /// The header has a name that is too long.
    #[error(
        "the header has a name of {0} bytes, at most {MAX_NAME_BYTES} are allowed: is the first line a header?"
    )]
    LongName(usize),
    /// The header has too many columns.
    #[error("the file has more than {MAX_COLUMNS} columns: remove some")]
    TooManyColumns,
    /// The file has too many cells.
    #[error("the file has more than {MAX_CELLS} filled cells: split it")]
    TooManyCells,
    /// The file has too many rows.
    #[error("the file has more than {MAX_ROWS} rows: split it")]
    TooManyRows,
    /// No column identifies the products.
    #[error(
        "the header has no column \"product_id\", only {found}: name the column that identifies the products with \
         --id-column NAME"
    )]
    NoIdColumn {
        /// The columns of the file.
        found: String,
    },
    /// A chosen column does not exist.
    #[error("there is no column {name:?}, which {option} names; the file has {found}")]
    NoSuchColumn {
        /// The option.
        option: &'static str,
        /// The name it has.
        name: String,
        /// The columns of the file.
        found: String,
    },
    /// Two options name one column.
    #[error(
        "{first} and {second} name the same column {name:?}: choose another one for one of them"
    )]
    ColumnOfTwoOptions {
        /// An option.
        first: &'static str,
        /// Another option.
        second: &'static str,
        /// The column.
        name: String,
    },
    /// The XML is damaged.
    #[error("line {line}: the XML is damaged: {reason}; nothing was read")]
    Xml {
        /// The line of the fault.
        line: u64,
        /// The fault.
        reason: String,
    },
    /// The XML declares entities.
    #[error("the XML has a DOCTYPE, whose entities are not expanded: export the feed without one")]
    Doctype,
    /// The XML is nested too deeply.
    #[error("line {0}: the XML is nested more than {MAX_XML_DEPTH} deep")]
    TooDeep(u64),
    /// The XML is not a feed.
    #[error("the XML has no <item> or <entry>: only RSS and Atom feeds of products can be read")]
    NoFeed,
}
