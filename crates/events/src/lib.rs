//! How changes are written down for the indexer: an object's in an S3 notification, a product's in the record
//! of a DynamoDB stream. Pure, without I/O.
//!
//! Who tells of objects writes with [`notification`]: the local cloud's S3, and whoever asks the indexer to
//! look at keys. Who is told reads keys with [`decode_key`]. Records of a stream are written by DynamoDB
//! alone, the local one included; [`changed_product`] reads which product one is about.
//!
//! Shapes: [the notification](https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html)
//! in version 2.1, and [the record](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html).

#![forbid(unsafe_code)]

mod key;
mod notification;
mod product;

pub use key::{decode_key, encode_key};
pub use notification::{CREATED, ObjectChange, REMOVED, notification};
pub use product::{ITEM, PRODUCT_ID, PRODUCT_ITEM, changed_product};
