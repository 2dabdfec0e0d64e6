//! Limits of work and memory.

/// Maximum bytes of a file.
pub const MAX_FILE_BYTES: u64 = 256 << 20;
/// Maximum number of columns.
pub(crate) const MAX_COLUMNS: usize = 2000;
/// Maximum bytes of a column's name.
pub(crate) const MAX_NAME_BYTES: usize = 1000;
/// Maximum number of rows: each takes up to 1 KB, from the file to the metadata of a product.
pub(crate) const MAX_ROWS: usize = 2_000_000;
/// Maximum number of filled cells: each takes some 150 bytes, from the file to the metadata of a product.
pub(crate) const MAX_CELLS: usize = 10_000_000;
/// Maximum bytes of a product id: the limit for a partition key of the table.
pub(crate) const MAX_ID_BYTES: usize = 2048;
/// Maximum bytes of one product's metadata: an item of the table has at most 400 KB, including names.
pub(crate) const MAX_METADATA_BYTES: usize = 350_000;
/// Maximum depth of elements of an XML feed.
pub(crate) const MAX_XML_DEPTH: usize = 64;
/// Maximum number of images of one product, and of values of a list; more are left out, and the product says so.
pub(crate) const MAX_IMAGES: usize = 100;
/// Maximum number of bad lines that are kept with their reasons; all are counted.
pub(crate) const MAX_BAD_LINES: usize = 1000;
/// Maximum number of cells, lines or products that a report shows of each kind.
pub(crate) const MAX_SHOWN: usize = 20;
/// Maximum number of parts of a path that are compared: the file's name and the last folders around it.
pub(crate) const MAX_PATH_PARTS: usize = 8;
