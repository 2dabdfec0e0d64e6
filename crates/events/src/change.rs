//! The changes that events name.

use crate::error::EventError;

/// One message of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id in the queue; a failure is reported under this id.
    pub id: String,
    /// The number of times that the queue delivered it, this time included.
    pub receives: u32,
    /// The changes that it names, or why it cannot be read.
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
    /// Its sequence number in the stream; a failure is reported under this number.
    pub sequence_number: String,
    /// The product whose metadata was written; none for other items.
    pub product_id: Option<String>,
}
