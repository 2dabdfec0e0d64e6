//! S3, DynamoDB and SQS adapters for the ports of the service, over the AWS SDK, and outputs of a stack.
//!
//! A `main` function reads [`Settings`], builds [`Clients`] once, and passes the adapters of a
//! [`Cloud`] to the use cases:
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
//! Every failed call is a [`StoreError`](lookalike_core::StoreError): its kind tells whether to
//! retry, its message what a person can do. Only the module `errors` translates the SDK's errors.
//! The SDK makes up to four attempts if a retry may help; after that the caller decides.

#![forbid(unsafe_code)]

mod backoff;
mod clients;
mod cloud;
mod cloudformation;
mod cloudwatch;
mod dynamodb;
mod encoder;
mod endpoint;
mod errors;
mod resource;
mod s3;
pub mod settings;
mod sqs;
#[cfg(test)]
mod tests;

pub use clients::{Clients, NoRegion, sdk_config};
pub use cloud::Cloud;
pub use cloudformation::{StackError, stack_outputs};
pub use cloudwatch::{DIMENSION, EmfMetrics, NAMESPACE, logging};
pub use dynamodb::{
    DynamoFailures, DynamoImageRecords, DynamoProducts, DynamoTableReader, DynamoVectorBase,
    create_table,
};
pub use encoder::{
    EncoderError, embedded_encoder, encoder_cell, encoders, load_encoder, open_encoder,
};
pub use s3::{
    S3Encoders, S3Folder, S3Generations, S3Images, S3Manifests, S3Segments, S3UrlSigner,
    S3Versioned,
};
pub use settings::{EncoderSource, Settings, SettingsError, SettingsProblem};
pub use sqs::{BACKFILLED_KEYS, ReceivedLetter, SqsChanges, SqsDeadLetters};
