//! The meaning of columns: formats, and the products and images that their rows make up.

mod columns_of;
mod format;
mod images;
mod joining;
mod rows;
mod shopify;
mod woocommerce;

pub(crate) use columns_of::{Layout, REPEATABLE};
pub use format::Format;
pub(crate) use format::joins_last_column;
pub(crate) use images::with_entries;
pub use images::{IMAGE, image_entries};
pub(crate) use joining::product_rows;
pub(crate) use rows::ProductRow;
