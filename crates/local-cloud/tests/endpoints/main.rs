//! The local cloud through its real endpoints, with the AWS SDK and with bare HTTP.
#![allow(clippy::unwrap_used)]

mod conditions;
mod durability;
mod dynamodb;
mod events;
mod lab;
mod listing;
mod multipart;
mod objects;
mod protocol;
mod sqs;
mod streams;
