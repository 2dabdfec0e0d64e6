//! The manifest object.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use bytes::Bytes;
use lookalike_core::ports::Manifests;
use lookalike_core::{LoadedManifest, StoreError, StoreErrorKind};

use crate::errors;
use crate::s3::bucket::Bucket;
use crate::s3::reading::Reading;

/// The manifest at `<prefix>/manifest.json`.
///
/// The policy must allow `s3:ListBucket` on the bucket; otherwise S3 returns 403 instead of 404
/// while there is no manifest.
#[derive(Debug, Clone)]
pub struct S3Manifests {
    bucket: Arc<Bucket>,
    key: String,
}

impl S3Manifests {
    pub(crate) fn new(bucket: Arc<Bucket>, prefix: &str) -> Self {
        Self {
            bucket,
            key: format!("{prefix}/manifest.json"),
        }
    }

    /// Returns the ETag of the manifest, if it is `bytes`.
    async fn etag_if(&self, bytes: &Bytes) -> Result<Option<String>, StoreError> {
        match self.load(None).await? {
            LoadedManifest::Found { etag, bytes: found } if found == *bytes => Ok(Some(etag)),
            _ => Ok(None),
        }
    }
}

#[async_trait]
impl Manifests for S3Manifests {
    async fn load(&self, known: Option<&str>) -> Result<LoadedManifest, StoreError> {
        let unless_known =
            |get: aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder| {
                get.set_if_none_match(known.map(str::to_owned))
            };
        let operation = || self.bucket.operation("get", &self.key);
        match self.bucket.read(&self.key, u64::MAX, unless_known).await? {
            Reading::Missing => Ok(LoadedManifest::Missing),
            Reading::Unchanged => Ok(LoadedManifest::Unchanged),
            Reading::Found(read) => match (read.etag, read.body) {
                (Some(etag), Some(bytes)) => Ok(LoadedManifest::Found { etag, bytes }),
                _ => Err(without_etag(operation())),
            },
        }
    }

    async fn swap(&self, bytes: Bytes, expected: Option<&str>) -> Result<String, StoreError> {
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
        // failed against this writer's own manifest, and treating that as a conflict would publish
        // it twice. There is nothing to match if the manifest was removed.
        let lost = errors::is_conflict(&error)
            || (expected.is_some() && errors::is_missing_object(&error));
        if lost && attempts.made() > 1 {
            if let Some(etag) = self.etag_if(&bytes).await? {
                return Ok(etag);
            }
            // Another process may have published after this writer. It is unknown whether this
            // manifest was ever stored, and a conflict would claim that it was not.
            let message = "the manifest changed while an earlier attempt went unanswered";
            let unknown = StoreError::new(StoreErrorKind::Unavailable, operation, message);
            return Err(unknown.caused_by(error));
        }
        if lost {
            let message = match expected {
                Some(etag) => format!("the manifest is no longer version {etag}"),
                None => "there is a manifest already".to_owned(),
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
