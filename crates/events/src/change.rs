//! The changes in events.

use crate::error::EventError;

/// One message of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id in the queue, under which a failure is reported.
    pub id: String,
    /// The number of times that the queue delivered it, including this time.
    pub receives: u32,
    /// The work that it asks for, or the reason why it cannot be read.
    pub work: Result<Work, EventError>,
}

/// The work that a message of a queue asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Look at objects that were written or removed.
    Changes(Vec<Change>),
    /// Index objects without an event of their own, straight into the vector base.
    Backfill(Vec<Change>),
    /// Maintain the index.
    Maintenance,
}

impl Message {
    /// Returns the changes that the message names; none if it cannot be read or asks for something else.
    pub fn changes(&self) -> &[Change] {
        match &self.work {
            Ok(Work::Changes(changes)) => changes,
            _ => &[],
        }
    }
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
