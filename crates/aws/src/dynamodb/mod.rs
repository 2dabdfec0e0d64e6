//! The ports over the DynamoDB table: products, image records and failures.

mod attributes;
mod failures;
mod image_records;
mod item;
mod keys;
mod products;
mod record_item;
mod schema;
pub(crate) mod table;
mod table_reader;

pub use failures::DynamoFailures;
pub use image_records::DynamoImageRecords;
pub use products::DynamoProducts;
pub use schema::create_table;
pub use table_reader::DynamoTableReader;
