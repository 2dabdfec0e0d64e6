//! The S3 notification: how a change of an object is written down for a queue. Pure, without I/O.
//!
//! Who tells of changes writes with [`notification`]: the local cloud's S3, and whoever asks the indexer to
//! look at keys. Who is told reads keys with [`decode_key`].
//!
//! Shape: [the notification](https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html)
//! in version 2.1.

#![forbid(unsafe_code)]

mod key;
mod notification;

pub use key::{decode_key, encode_key};
pub use notification::{CREATED, ObjectChange, REMOVED, notification};
