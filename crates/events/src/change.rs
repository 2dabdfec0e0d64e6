//! The changes in events.

use crate::error::EventError;

/// One message of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id in the queue, under which a failure is reported.
    pub id: String,
    /// The number of times that the queue delivered it, including this time.
    pub receives: u32,
    /// Its changes, or the reason why it cannot be read.
    pub changes: Result<Vec<Change>, EventError>,
}

/// An object that was written or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Name of its bucket.
    pub bucket: String,
    /// Its key, decoded.
    pub key: String,
}

/// An item of the table that was written or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableWrite {
    /// Its sequence number in the stream, under which a failure is reported.
    pub sequence_number: String,
    /// The product whose metadata was written; `None` for other items.
    pub product_id: Option<String>,
}
