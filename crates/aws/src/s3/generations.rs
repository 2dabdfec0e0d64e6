//! The manifests of replaced generations.

use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use lookalike_core::ports::Generations;
use lookalike_core::{KeptGeneration, StoreError};

use crate::errors;
use crate::s3::bucket::Bucket;
use crate::s3::listing;
use crate::s3::reading::Reading;

/// Manifests at `<prefix>/manifests/<generation>.json`, in the format of the manifest itself.
#[derive(Debug, Clone)]
pub struct S3Generations {
    bucket: Arc<Bucket>,
    prefix: String,
}

impl S3Generations {
    pub(crate) fn new(bucket: Arc<Bucket>, prefix: &str) -> Self {
        Self {
            bucket,
            prefix: format!("{prefix}/manifests/"),
        }
    }

    fn key(&self, generation: u64) -> String {
        format!("{}{generation}.json", self.prefix)
    }

    /// Returns the generation of an object, unless another program put it there.
    fn generation(&self, key: &str) -> Option<u64> {
        let name = key.strip_prefix(&self.prefix)?.strip_suffix(".json")?;
        name.parse().ok()
    }
}

#[async_trait]
impl Generations for S3Generations {
    async fn keep(&self, generation: u64, manifest: Bytes) -> Result<(), StoreError> {
        let key = self.key(generation);
        let put = self.bucket.put(&key, manifest, "application/json");
        match put.if_none_match("*").send().await {
            Ok(_) => Ok(()),
            // All writers keep the same bytes.
            Err(error) if errors::is_conflict(&error) => Ok(()),
            Err(error) => {
                let operation = self.bucket.operation("put", &key);
                Err(errors::translate(self.bucket.resource(), operation, error))
            }
        }
    }

    async fn load(&self, generation: u64) -> Result<Option<Bytes>, StoreError> {
        let key = self.key(generation);
        match self.bucket.read(&key, u64::MAX, |get| get).await? {
            Reading::Missing => Ok(None),
            Reading::Unchanged => Err(self.bucket.unexpected_reply(&key)),
            Reading::Found(read) => Ok(read.body),
        }
    }

    async fn list(&self) -> Result<Vec<KeptGeneration>, StoreError> {
        let objects = listing::list_all(&self.bucket, &self.prefix, |list| list).await?;
        let kept = objects.into_iter().filter_map(|object| {
            Some(KeptGeneration {
                generation: self.generation(&object.key)?,
                // Without a time it counts as new, so that it is not removed as too old.
                modified: object.modified.unwrap_or_else(SystemTime::now),
            })
        });
        Ok(kept.collect())
    }

    async fn delete(&self, generation: u64) -> Result<(), StoreError> {
        self.bucket.delete(&self.key(generation)).await
    }
}
