//! Product tables as shops have them: bytes in; products, their images, a report of the columns and unusable lines out.
//!
//! The format (plain CSV, Google Merchant Center, Shopify, WooCommerce, Kaggle's fashion data set) is recognized by its
//! header, the encoding and the delimiter by the bytes. A column is a number, a boolean, a date or text as a whole.
//! Nothing is guessed: what stays ambiguous is text, and the report names it with its lines.
//!
//! ```
//! use lookalike_product_table::{ProductTable, ReadOptions};
//! use serde_json::json;
//!
//! let text = "product_id;price;image\na;\"1.299,00\";a.jpg\nb;19,99;https://shop.example/b.jpg\n";
//! let table = ProductTable::read(text.as_bytes(), &ReadOptions::default())?;
//! assert_eq!(table.products[0].metadata["price"], json!(1299));
//! assert_eq!(table.products[0].metadata["price_text"], json!("1.299,00"));
//! assert_eq!(table.products[0].image_entries, ["a.jpg"]);
//! assert_eq!(table.products[1].image_links, ["https://shop.example/b.jpg"]);
//! # Ok::<(), lookalike_product_table::TableError>(())
//! ```
//!
//! Numbers that were written in another way than JSON writes them, such as `1.50` or `$1,299`, keep their original in
//! the member `<column>_text`.

#![forbid(unsafe_code)]

mod bad_line;
mod columns;
mod error;
mod image_matcher;
mod image_path;
mod layout;
mod limits;
mod options;
mod printable;
mod product;
mod product_columns;
mod sheet;
mod table;
mod text;

pub use bad_line::{BadLine, DuplicateId};
pub use columns::{ColumnReport, ColumnType, DoubtfulCells};
pub use error::TableError;
pub use image_matcher::{ImageMatch, ImageMatcher, UnmatchedEntry};
pub use layout::{Format, IMAGE, image_entries};
pub use limits::MAX_FILE_BYTES;
pub use options::{ReadOptions, TypeChoice, UnknownType};
pub use printable::printable;
pub use product::TableProduct;
pub use table::ProductTable;
pub use text::TextEncoding;
