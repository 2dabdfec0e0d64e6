//! The limits of SQS.

/// Maximum bytes of a message, and of the messages of one batch: SQS takes more today, but every
/// queue takes these.
pub(super) const MAX_MESSAGE_BYTES: usize = 256 * 1024;
/// Maximum number of entries in one batch.
pub(super) const MAX_BATCH_ENTRIES: usize = 10;
/// Maximum delay of a message, in seconds.
pub(super) const MAX_DELAY_SECONDS: u64 = 900;
/// Maximum bytes of a request: JSON may need six bytes for one of a message, and an entry has more
/// than its message.
pub(super) const MAX_REQUEST_BYTES: usize = 4 << 20;
