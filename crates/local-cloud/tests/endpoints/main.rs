//! The local cloud through its real endpoints, with the AWS SDK and with bare HTTP.
#![allow(clippy::unwrap_used)]

mod access;
mod bare_http;
mod buckets;
mod combined;
mod conditions;
mod copies;
mod durability;
mod dynamodb;
mod events;
mod lab;
mod listing;
mod multipart;
mod objects;
mod protocol;
mod recorder;
mod signing;
mod sqs;
mod sqs_refusals;
mod streams;
