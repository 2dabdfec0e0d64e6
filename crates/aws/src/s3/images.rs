//! The images of the catalog bucket.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use lookalike_core::ports::{ImageStore, ImageWriter};
use lookalike_core::{Image, ImageHead, ListedImage, Page, StoreError, StoreErrorKind};

use crate::errors;
use crate::s3::bucket::Bucket;
use crate::s3::header_text;
use crate::s3::listing::{self, ListedObject};
use crate::s3::reading::Reading;

/// Reads and writes the images of the catalog bucket.
///
/// The policy must allow `s3:GetObject` and `s3:ListBucket`: without the latter, S3 returns 403
/// instead of 404 for a missing image, which is an error here.
#[derive(Debug, Clone)]
pub struct S3Images {
    bucket: Arc<Bucket>,
}

impl S3Images {
    pub(crate) fn new(bucket: Arc<Bucket>) -> Self {
        Self { bucket }
    }

    fn listed(&self, prefix: &str, object: ListedObject) -> Result<ListedImage, StoreError> {
        match (object.etag, object.bytes) {
            (Some(etag), Some(bytes)) if !object.key.is_empty() => Ok(ListedImage {
                key: object.key,
                etag,
                bytes,
            }),
            _ => {
                let operation = self.bucket.operation("list", prefix);
                Err(incomplete(operation, "Key, ETag or Size"))
            }
        }
    }
}

#[async_trait]
impl ImageStore for S3Images {
    async fn head(&self, key: &str) -> Result<Option<ImageHead>, StoreError> {
        let head = self.bucket.s3().head_object();
        let operation = self.bucket.operation("head", key);
        match head.bucket(self.bucket.name()).key(key).send().await {
            Ok(head) => image_head(
                operation,
                head.e_tag(),
                head.content_length(),
                head.metadata(),
            )
            .map(Some),
            Err(error) if errors::is_missing_object(&error) => {
                self.bucket.must_exist().await?;
                Ok(None)
            }
            Err(error) => Err(errors::translate(self.bucket.resource(), operation, error)),
        }
    }

    async fn get(&self, key: &str, max_bytes: u64) -> Result<Option<Image>, StoreError> {
        let read = match self.bucket.read(key, max_bytes, |get| get).await? {
            Reading::Found(read) => read,
            Reading::Missing => return Ok(None),
            Reading::Unchanged => return Err(self.bucket.unexpected_reply(key)),
        };
        let operation = self.bucket.operation("get", key);
        let head = image_head(
            operation,
            read.etag.as_deref(),
            read.length,
            read.metadata.as_ref(),
        )?;
        Ok(Some(Image {
            head,
            body: read.body,
        }))
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Page<ListedImage>, StoreError> {
        // A key marks the start of the next page: S3's own token expires.
        let page = listing::list_page(&self.bucket, prefix, |list| {
            list.set_start_after(after.map(str::to_owned))
        })
        .await?;
        let items = (page.objects.into_iter())
            .map(|object| self.listed(prefix, object))
            .collect::<Result<Vec<_>, _>>()?;
        let next = match items.last() {
            Some(last) if page.is_truncated => Some(last.key.clone()),
            _ => None,
        };
        Ok(Page { items, next })
    }
}

#[async_trait]
impl ImageWriter for S3Images {
    async fn put(
        &self,
        key: &str,
        body: Bytes,
        content_type: &str,
        metadata: &BTreeMap<String, String>,
    ) -> Result<(), StoreError> {
        let metadata: HashMap<_, _> = metadata
            .iter()
            .map(|(name, value)| (name.clone(), header_text::encode(value)))
            .collect();
        self.bucket
            .put(key, body, content_type)
            .set_metadata((!metadata.is_empty()).then_some(metadata))
            .send()
            .await
            .map(drop)
            .map_err(|error| {
                errors::translate(
                    self.bucket.resource(),
                    self.bucket.operation("put", key),
                    error,
                )
            })
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.bucket.delete(key).await
    }
}

fn image_head(
    operation: String,
    etag: Option<&str>,
    bytes: Option<i64>,
    metadata: Option<&HashMap<String, String>>,
) -> Result<ImageHead, StoreError> {
    let (Some(etag), Some(bytes)) = (etag, bytes) else {
        return Err(incomplete(operation, "ETag or Content-Length"));
    };
    let metadata = metadata
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.to_ascii_lowercase(), header_text::decode(value)))
        .collect();
    Ok(ImageHead {
        etag: etag.to_owned(),
        bytes: bytes.max(0).unsigned_abs(),
        metadata,
    })
}

fn incomplete(operation: String, missing: &str) -> StoreError {
    let message = format!("the reply lacks {missing}: it does not come from an S3 server");
    StoreError::new(StoreErrorKind::Invalid, operation, message)
}
