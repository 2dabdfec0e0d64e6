//! S3, DynamoDB and SQS adapters for the ports of the service, over the AWS SDK, and outputs of a stack.
//!
//! A main reads [`Settings`], builds [`Clients`] once, and hands the adapters of a [`Cloud`] to the use
//! cases:
//!
//! ```no_run
//! # async fn wire() -> Result<(), Box<dyn std::error::Error>> {
//! use lookalike_aws::{Cloud, EmfMetrics, Settings};
//!
//! let settings = Settings::from_env()?;
//! let cloud = Cloud::connect(&settings).await?;
//! let metrics = EmfMetrics::stdout("search");
//! # Ok(())
//! # }
//! ```
//!
//! Every failed call is a [`StoreError`](lookalike_service::StoreError): its kind says whether to retry,
//! its message what a person can do. `errors.rs` alone translates what the SDK says. The SDK retries what
//! may be retried, up to four attempts; what remains is the caller's to decide.

#![forbid(unsafe_code)]

mod attributes;
mod bucket;
mod changes;
mod clients;
mod cloud;
mod dynamo;
mod emf;
mod encoder;
mod encoders;
mod errors;
mod exports;
mod failures;
mod header_text;
mod image_records;
mod keys;
mod links;
pub mod logging;
mod manifests;
mod multipart;
mod patience;
mod pictures;
mod products;
mod record_item;
mod segments;
pub mod settings;
mod stack;
mod stack_xml;
mod table;
mod table_reader;
#[cfg(test)]
mod tests;

pub use changes::SqsChanges;
pub use clients::{Clients, NoRegion, sdk_config};
pub use cloud::Cloud;
pub use emf::{DIMENSION, EmfMetrics, NAMESPACE};
pub use encoder::{
    EncoderError, embedded_encoder, encoder_cell, encoders, load_encoder, open_encoder,
};
pub use encoders::S3Encoders;
pub use exports::S3Folder;
pub use failures::DynamoFailures;
pub use image_records::DynamoImageRecords;
pub use links::S3Links;
pub use manifests::S3Manifests;
pub use pictures::S3Pictures;
pub use products::DynamoProducts;
pub use segments::S3Segments;
pub use settings::{EncoderSource, Settings, SettingsError, SettingsProblem};
pub use stack::{StackError, stack_outputs};
pub use table::create_table;
pub use table_reader::DynamoTableReader;
