//! The manifest object.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use lookalike_core::ports::Manifests;
use lookalike_core::{LoadedManifest, StoreError};

use crate::s3::bucket::Bucket;
use crate::s3::reading::Reading;
use crate::s3::versioned::S3Versioned;

/// The manifest at `<prefix>/manifest.json`.
///
/// The policy must allow `s3:ListBucket` on the bucket; otherwise S3 returns 403 instead of 404
/// while there is no manifest.
#[derive(Debug, Clone)]
pub struct S3Manifests {
    bucket: Arc<Bucket>,
    key: String,
    object: S3Versioned,
}

impl S3Manifests {
    pub(crate) fn new(bucket: Arc<Bucket>, prefix: &str) -> Self {
        let key = format!("{prefix}/manifest.json");
        Self {
            object: S3Versioned::new(Arc::clone(&bucket), key.clone(), "the manifest"),
            bucket,
            key,
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
        match self.bucket.read(&self.key, u64::MAX, unless_known).await? {
            Reading::Missing => Ok(LoadedManifest::Missing),
            Reading::Unchanged => Ok(LoadedManifest::Unchanged),
            Reading::Found(read) => {
                let (etag, bytes) = self.object.whole(read.etag, read.body)?;
                Ok(LoadedManifest::Found { etag, bytes })
            }
        }
    }

    async fn swap(&self, bytes: Bytes, expected: Option<&str>) -> Result<String, StoreError> {
        self.object.swap(bytes, expected).await
    }
}
