//! The ports over DynamoDB: products, image records and failures in one table, and each vector base in a table of its own.

mod attributes;
mod failures;
mod image_records;
mod item;
mod keys;
mod products;
mod projection;
mod record_item;
mod schema;
pub(crate) mod table;
mod table_reader;
mod vector_base;

pub use failures::DynamoFailures;
pub use image_records::DynamoImageRecords;
pub use products::DynamoProducts;
pub use schema::create_table;
pub use table_reader::DynamoTableReader;
pub use vector_base::DynamoVectorBase;
