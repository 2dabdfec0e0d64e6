//! An object that is replaced only as the version that a writer has read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use bytes::Bytes;
use lookalike_core::{StoreError, StoreErrorKind};

use crate::errors;
use crate::s3::bucket::Bucket;
use crate::s3::reading::Reading;

/// A JSON object that several writers replace by conditional writes.
#[derive(Debug, Clone)]
pub struct S3Versioned {
    bucket: Arc<Bucket>,
    key: String,
    /// Names the object in errors, such as `the manifest`.
    what: &'static str,
}

impl S3Versioned {
    pub(crate) fn new(bucket: Arc<Bucket>, key: String, what: &'static str) -> Self {
        Self { bucket, key, what }
    }

    /// Returns ETag and content, or `None` if there is no object.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn read(&self) -> Result<Option<(String, Bytes)>, StoreError> {
        match self.bucket.read(&self.key, u64::MAX, |get| get).await? {
            Reading::Missing => Ok(None),
            Reading::Unchanged => Err(self.bucket.unexpected_reply(&self.key)),
            Reading::Found(read) => self.whole(read.etag, read.body).map(Some),
        }
    }

    /// Returns ETag and content of an object that was read.
    pub(crate) fn whole(
        &self,
        etag: Option<String>,
        body: Option<Bytes>,
    ) -> Result<(String, Bytes), StoreError> {
        let complete = etag.zip(body);
        complete.ok_or_else(|| without_etag(self.bucket.operation("get", &self.key)))
    }

    /// Replaces the version with the ETag `expected`, or makes the object if that is `None`. Returns the new ETag.
    ///
    /// # Errors
    /// [`StoreErrorKind::Conflict`] if there is another version, or already an object.
    pub async fn swap(&self, bytes: Bytes, expected: Option<&str>) -> Result<String, StoreError> {
        let operation = self.bucket.operation("put", &self.key);
        let put = self
            .bucket
            .put(&self.key, bytes.clone(), "application/json");
        let put = match expected {
            Some(etag) => put.if_match(etag),
            None => put.if_none_match("*"),
        };
        let attempts = Attempts::default();
        let error = match put.customize().interceptor(attempts.clone()).send().await {
            Ok(reply) => return reply.e_tag.ok_or_else(|| without_etag(operation)),
            Err(error) => error,
        };
        // The reply to an earlier attempt may have been lost after the write: then the condition
        // failed against this writer's own version, and treating that as a conflict would write
        // it twice. There is nothing to match if the object was removed.
        let lost = errors::is_conflict(&error)
            || (expected.is_some() && errors::is_missing_object(&error));
        if lost && attempts.made() > 1 {
            if let Some((etag, found)) = self.read().await?
                && found == bytes
            {
                return Ok(etag);
            }
            // Another process may have written after this one. It is unknown whether this
            // version was ever stored, and a conflict would claim that it was not.
            let message = format!(
                "{} changed while an earlier attempt went unanswered",
                self.what
            );
            let unknown = StoreError::new(StoreErrorKind::Unavailable, operation, message);
            return Err(unknown.caused_by(error));
        }
        if lost {
            let message = match expected {
                Some(etag) => format!("{} is no longer version {etag}", self.what),
                None => format!("{} is there already", self.what),
            };
            let conflict = StoreError::new(StoreErrorKind::Conflict, operation, message);
            return Err(conflict.caused_by(error));
        }
        Err(errors::translate(self.bucket.resource(), operation, error))
    }
}

/// Counts how often a request was sent.
#[derive(Debug, Clone, Default)]
struct Attempts(Arc<AtomicU32>);

impl Attempts {
    fn made(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

#[dyn_dispatch_hint]
impl Intercept for Attempts {
    fn name(&self) -> &'static str {
        "Attempts"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

fn without_etag(operation: String) -> StoreError {
    StoreError::new(
        StoreErrorKind::Invalid,
        operation,
        "the reply lacks an ETag: it does not come from an S3 server",
    )
}
