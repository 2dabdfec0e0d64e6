//! The images of the catalog bucket.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_s3::types::MetadataDirective;
use bytes::Bytes;
use lookalike_core::ports::{ImageStore, ImageWriter};
use lookalike_core::{Image, ImageHead, ListedImage, Page, StoreError, StoreErrorKind};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

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
        self.bucket
            .put(key, body, content_type)
            .set_metadata(sent_metadata(metadata))
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

    async fn set_metadata(
        &self,
        key: &str,
        etag: &str,
        metadata: &BTreeMap<String, String>,
    ) -> Result<(), StoreError> {
        let operation = self.bucket.operation("change the metadata of", key);
        let head = self.bucket.s3().head_object();
        let head = match head.bucket(self.bucket.name()).key(key).send().await {
            Ok(head) => head,
            Err(error) if errors::is_missing_object(&error) => {
                return Err(self.bucket.missing(operation, key));
            }
            Err(error) => return Err(errors::translate(self.bucket.resource(), operation, error)),
        };
        // Metadata is replaced by copying an object onto itself, which loses the headers that are not sent again. The
        // condition on the source alone would let an upload between reading and writing be overwritten.
        let copied = (self.bucket.s3().copy_object())
            .bucket(self.bucket.name())
            .key(key)
            .copy_source(copy_source(self.bucket.name(), key))
            .copy_source_if_match(etag)
            .if_match(etag)
            .metadata_directive(MetadataDirective::Replace)
            .set_metadata(sent_metadata(metadata))
            .set_content_type(head.content_type)
            .set_content_encoding(head.content_encoding)
            .set_content_disposition(head.content_disposition)
            .set_content_language(head.content_language)
            .set_cache_control(head.cache_control)
            .set_storage_class(head.storage_class)
            .send()
            .await;
        match copied {
            Ok(_) => Ok(()),
            Err(error) if errors::is_missing_object(&error) => {
                Err(self.bucket.missing(operation, key))
            }
            Err(error) => Err(errors::translate(self.bucket.resource(), operation, error)),
        }
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.bucket.delete(key).await
    }
}

/// Returns user metadata as headers can carry it.
fn sent_metadata(metadata: &BTreeMap<String, String>) -> Option<HashMap<String, String>> {
    let metadata: HashMap<_, _> = metadata
        .iter()
        .map(|(name, value)| (name.clone(), header_text::encode(value)))
        .collect();
    (!metadata.is_empty()).then_some(metadata)
}

/// Returns the value of `x-amz-copy-source`, which the SDK sends as it is.
fn copy_source(bucket: &str, key: &str) -> String {
    format!("{bucket}/{}", utf8_percent_encode(key, NON_ALPHANUMERIC))
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
