//! Events that were given up.

/// An event that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Message id, or sequence number in a stream.
    pub message_id: String,
    /// The S3 event or the stream's record as JSON text, or the text that was sent.
    pub body: String,
    /// Number of deliveries.
    pub receives: u32,
    /// The reason why the last delivery failed.
    pub reason: String,
}
