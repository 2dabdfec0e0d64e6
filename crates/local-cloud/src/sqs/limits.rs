//! The limits of SQS.

/// The bytes of a message, and of the messages of one batch: SQS takes more today, but every queue takes these.
pub(super) const MAX_MESSAGE_BYTES: usize = 256 * 1024;
/// The entries of one batch.
pub(super) const MAX_BATCH_ENTRIES: usize = 10;
/// The longest delay of a message, in seconds.
pub(super) const MAX_DELAY_SECONDS: u64 = 900;
/// The bytes of a request: JSON may write a byte of a message with six, and an entry has more than its message.
pub(super) const MAX_REQUEST_BYTES: usize = 4 << 20;
