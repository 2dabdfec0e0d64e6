//! Changes of objects and products as events: an object's in an S3 notification, a product's in the record
//! of a DynamoDB stream. Pure, without I/O.
//!
//! [`notification`] writes the event of changed objects, as the local cloud's S3 and the commands that ask
//! the indexer to look at keys do. [`Event::parse`] reads the events of S3, EventBridge, SNS, SQS, a table's
//! stream and a schedule. DynamoDB alone writes the records of a stream, the local one included;
//! [`changed_product`] reads which product a record is about.
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
pub use maintenance::maintenance_request;
pub use notification::{CREATED, ObjectChange, REMOVED, notification};
pub use product::{ITEM, PRODUCT_ID, PRODUCT_ITEM, changed_product};
