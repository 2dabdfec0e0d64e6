//! Changes of objects and products as events: S3 notifications for objects, records of a DynamoDB
//! stream for products. Pure, without I/O.
//!
//! [`notification`] writes the event of changed objects, for the local cloud's S3 and for the
//! commands that tell the indexer to look at keys. [`Event::parse`] reads the events of S3,
//! EventBridge, SNS, SQS, a table's stream and a schedule. Only DynamoDB writes the records of a
//! stream, including the local one; [`changed_product`] returns the product that a record is about.
//!
//! Shapes: [the notification](https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html)
//! in version 2.1, and [the record](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html).

#![forbid(unsafe_code)]

mod change;
mod dead_letter;
mod error;
mod event;
mod key;
mod maintenance;
mod notification;
mod payload;
mod product;

pub use change::{Change, Message, TableWrite, Work};
pub use dead_letter::{DeadLetter, LostWork};
pub use error::EventError;
pub use event::Event;
pub use key::{decode_key, encode_key};
pub use maintenance::{backfill_request, maintenance_request};
pub use notification::{CREATED, ObjectChange, REMOVED, notification};
pub use product::{ITEM, PRODUCT_ID, PRODUCT_ITEM, changed_product};
