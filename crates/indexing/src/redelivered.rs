//! Indexing an image again that may have ended the process the last time.
//!
//! A process cannot catch its own death. So before such an image is tried, it is recorded as interrupted, and a try that
//! comes to its end replaces the record by the image's outcome. If the record stays
//! and the event comes back once more, the image is at fault: it is not tried again, and its record shows
//! why.

use std::slice;

use lookalike_core::keys::product_id_of;
use lookalike_core::model::{Failure, ImageHead, ImageRecord};
use lookalike_core::time::{Deadline, rfc3339};
use tracing::warn;

use crate::error::IndexingError;
use crate::indexer::Indexer;
use crate::report::{BatchReport, Outcome};

/// Deliveries of an event from which on a record of an interrupted try is believed. The first delivery writes none.
/// The second one may find a record of another event, such as an earlier upload of the same image, before the
/// operator gave the function more memory; or another delivery is at work on it at this moment.
const BELIEVED_FROM: u32 = 3;

const INTERRUPTED: &str = "interrupted";
/// The reason in the record of a try that goes on or did not come to its end.
const TRYING_REASON: &str = "the indexer stopped without a word when it last worked on this image, and tries it once more: \
                             this is recorded in case it stops again";
/// The reason in the record of an image that was given up: no delivery is at work on it, however young the record is.
const INTERRUPTED_REASON: &str = "the indexer stopped without a word while it worked on this image and on nothing \
                                  else, twice: it may need more memory than the function has; make the image \
                                  smaller, or give the function more memory and upload it again";

impl Indexer {
    /// Does the work of [`index_keys`](Self::index_keys) for one key whose event was delivered `receives` times. If the process
    /// ended at it in the second delivery, the third one records the image as failed, with code `interrupted`.
    ///
    /// Another delivery may be at work on the image at this moment: from a queue an event may come twice, and an image
    /// may have several events. Its record looks like that of a dead one. So from the third delivery on, a record is
    /// believed if it is older than any try can be, and until then the key must be tried again.
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
        let Some(head) = self.ports.images.head(key).await? else {
            return self.index_keys(&keys, deadline).await;
        };
        let mark = self.mark(key, head).await?;
        let before = self.ports.records.find(&mark.product_id, key).await?;
        if receives >= BELIEVED_FROM
            && let Some(found) = before.as_ref().and_then(|old| interruption(old, &mark))
        {
            if !found.is_given_up && self.may_be_at_work(found.at) {
                return Ok(at_work(key));
            }
            let hopeless = ImageRecord {
                failure: Some(given_up()),
                ..mark
            };
            return self.index_batch(&keys, Some(&hopeless), deadline).await;
        }
        self.ports.records.put_many(slice::from_ref(&mark)).await?;
        let report = self.index_keys(&keys, deadline).await;
        // A try that lacked time or a store was not interrupted.
        if !report.as_ref().is_ok_and(is_settled) {
            self.unmark(&mark, before).await;
        }
        report
    }

    /// Returns the record of a try that does not come to an end.
    async fn mark(&self, key: &str, head: ImageHead) -> Result<ImageRecord, IndexingError> {
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
            at: rfc3339(self.ports.host.now()),
            failure: Some(Failure {
                code: INTERRUPTED.to_owned(),
                reason: TRYING_REASON.to_owned(),
            }),
        })
    }

    /// True unless a try that was recorded `at` this time must have ended by now.
    ///
    /// Times of records are rounded down to the second: one may seem a second older than it is, which the invocation
    /// has spent before it wrote the record.
    fn may_be_at_work(&self, at: &str) -> bool {
        let longest = self.settings.longest_try.as_millis() as u64;
        // Times of this form stand in the order of their texts.
        at > rfc3339(self.ports.host.now().saturating_sub(longest)).as_str()
    }

    /// Restores the record that was there before the mark, unless another one was written since: by the try
    /// itself, as far as it came, or by another one.
    async fn unmark(&self, mark: &ImageRecord, before: Option<ImageRecord>) {
        let records = &self.ports.records;
        let restored = async {
            let now = records.find(&mark.product_id, &mark.key).await?;
            match before {
                _ if now.as_ref() != Some(mark) => Ok(()),
                Some(before) => records.put_many(slice::from_ref(&before)).await,
                None => records.remove(&mark.product_id, &mark.key).await,
            }
        };
        if let Err(error) = restored.await {
            warn!(key = mark.key, %error, "a try that ended is still recorded as interrupted");
        }
    }
}

/// The record of a try that was interrupted.
struct Interruption<'a> {
    at: &'a str,
    /// True if the image was given up for it.
    is_given_up: bool,
}

/// Returns the interrupted try that `record` is of, if it is of the same version as `mark`.
fn interruption<'a>(record: &'a ImageRecord, mark: &ImageRecord) -> Option<Interruption<'a>> {
    let failure = record.failure.as_ref()?;
    let is_same = record.etag == mark.etag && failure.code == INTERRUPTED;
    is_same.then_some(Interruption {
        at: &record.at,
        is_given_up: failure.reason == INTERRUPTED_REASON,
    })
}

/// True if a record marks a try that goes on, or did not come to its end.
pub(crate) fn is_unfinished(record: &ImageRecord) -> bool {
    let failure = record.failure.as_ref();
    failure.is_some_and(|f| f.code == INTERRUPTED && f.reason != INTERRUPTED_REASON)
}

/// Returns the failure of an image that is not tried any more.
fn given_up() -> Failure {
    Failure {
        code: INTERRUPTED.to_owned(),
        reason: INTERRUPTED_REASON.to_owned(),
    }
}

fn at_work(key: &str) -> BatchReport {
    let reason =
        "another delivery may be at work on this image, or has died of it a short time ago";
    BatchReport {
        outcomes: vec![(key.to_owned(), Outcome::Retry(reason.to_owned()))],
        ..BatchReport::default()
    }
}

/// True if no key must be tried again.
fn is_settled(report: &BatchReport) -> bool {
    let mut outcomes = report.outcomes.iter();
    !outcomes.any(|(_, outcome)| matches!(outcome, Outcome::Retry(_)))
}
