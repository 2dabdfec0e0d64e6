//! Indexing an image again that may be what ended the process the last time.
//!
//! A process cannot catch its own death. So before such an image is tried, a record says that the try was
//! interrupted, and a try that comes to its end replaces the record by what became of the image. If the record stays
//! and the event comes back once more, the image is at fault: it is not tried again, and its record tells a person
//! why.

use std::slice;

use tracing::warn;

use super::{BatchReport, Indexer, IndexingError, Outcome};
use crate::keys::product_id_of;
use crate::model::{Failure, ImageRecord, PictureHead};
use crate::time::{Deadline, now_milliseconds, rfc3339};

/// Deliveries of an event from which on a record of an interrupted try is believed. The first delivery writes none.
/// What the second one finds was left by another event, such as an earlier upload of the same image, before its
/// operator gave the function more memory; or another delivery is at work on it at this moment.
const BELIEVED_FROM: u32 = 3;

const INTERRUPTED: &str = "interrupted";
const INTERRUPTED_REASON: &str = "the indexer stopped without a word while it worked on this image and on nothing \
                                  else, twice: it may need more memory than the function has; make the image \
                                  smaller, or give the function more memory and upload it again";

impl Indexer {
    /// As [`index_keys`](Self::index_keys) for one key whose event was delivered `receives` times. If the process
    /// ended at it in the second delivery, the third one records the image as failed, with code `interrupted`.
    ///
    /// The caller hands over a key alone in its process, or others may be blamed: whatever ends the process leaves
    /// such a record of the key that was tried then.
    ///
    /// # Errors
    /// As [`index_keys`](Self::index_keys).
    pub async fn index_redelivered(
        &self,
        key: &str,
        receives: u32,
        deadline: Deadline,
    ) -> Result<BatchReport, IndexingError> {
        let keys = [key.to_owned()];
        if receives <= 1 {
            return self.index_keys(&keys, deadline).await;
        }
        let Some(head) = self.ports.pictures.head(key).await? else {
            return self.index_keys(&keys, deadline).await;
        };
        let mark = self.interrupted(key, head).await?;
        if receives >= BELIEVED_FROM && self.is_recorded(&mark).await? {
            return self.index_batch(&keys, Some(&mark), deadline).await;
        }
        self.ports.records.put_many(slice::from_ref(&mark)).await?;
        let report = self.index_keys(&keys, deadline).await;
        // What lacked time or a store was not interrupted.
        if !report.as_ref().is_ok_and(is_settled) {
            self.unmark(&mark).await;
        }
        report
    }

    /// The record of a try that does not come to an end.
    async fn interrupted(
        &self,
        key: &str,
        head: PictureHead,
    ) -> Result<ImageRecord, IndexingError> {
        let encoders = self.publisher.reader.published().await?.encoders();
        let encoder = match encoders.into_iter().next() {
            Some(searched) => searched,
            None => self.configured().await?,
        };
        Ok(ImageRecord {
            key: key.to_owned(),
            product_id: product_id_of(key, &head.metadata),
            etag: head.etag,
            bytes: head.bytes,
            encoder: encoder.fingerprint.to_string(),
            at: rfc3339(now_milliseconds()),
            failure: Some(Failure {
                code: INTERRUPTED.to_owned(),
                reason: INTERRUPTED_REASON.to_owned(),
            }),
        })
    }

    /// True if an earlier try of the same version was interrupted.
    async fn is_recorded(&self, mark: &ImageRecord) -> Result<bool, IndexingError> {
        let failed = self.ports.failures.of_key(&mark.key).await?;
        let was_interrupted = |record: &ImageRecord| {
            let failure = record.failure.as_ref();
            record.etag == mark.etag && failure.is_some_and(|failure| failure.code == INTERRUPTED)
        };
        Ok(failed.iter().any(was_interrupted))
    }

    async fn unmark(&self, mark: &ImageRecord) {
        let removed = self.ports.records.remove(&mark.product_id, &mark.key).await;
        if let Err(error) = removed {
            warn!(key = mark.key, %error, "a try that ended is still recorded as interrupted");
        }
    }
}

/// True if no key is to be tried again.
fn is_settled(report: &BatchReport) -> bool {
    let mut outcomes = report.outcomes.iter();
    !outcomes.any(|(_, outcome)| matches!(outcome, Outcome::Retry(_)))
}
