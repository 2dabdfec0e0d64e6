//! The pictures of the catalog bucket.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_s3::types::{EncodingType, Object};
use bytes::Bytes;
use lookalike_core::ports::{ImageStore, ImageWriter};
use lookalike_core::{Image, ImageHead, ListedImage, Page, StoreError, StoreErrorKind};
use percent_encoding::percent_decode_str;

use crate::bucket::{Bucket, Reading};
use crate::{errors, header_text};

/// The pictures in the catalog bucket, read and written.
///
/// The policy has to allow `s3:GetObject` and `s3:ListBucket`: without the latter S3 answers 403
/// instead of 404 for a picture that is gone, which is an error here.
#[derive(Debug, Clone)]
pub struct S3Pictures {
    bucket: Arc<Bucket>,
}

impl S3Pictures {
    pub(crate) fn new(bucket: Arc<Bucket>) -> Self {
        Self { bucket }
    }
}

#[async_trait]
impl ImageStore for S3Pictures {
    async fn head(&self, key: &str) -> Result<Option<ImageHead>, StoreError> {
        let head = self.bucket.s3().head_object();
        let operation = self.bucket.operation("head", key);
        match head.bucket(self.bucket.name()).key(key).send().await {
            Ok(head) => picture_head(
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
            Err(error) => Err(errors::translate(self.bucket.place(), operation, error)),
        }
    }

    async fn get(&self, key: &str, max_bytes: u64) -> Result<Option<Image>, StoreError> {
        let read = match self.bucket.read(key, max_bytes, |get| get).await? {
            Reading::Found(read) => read,
            Reading::Missing => return Ok(None),
            Reading::Unchanged => return Err(self.bucket.not_asked_for(key)),
        };
        let operation = self.bucket.operation("get", key);
        let head = picture_head(
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
        let operation = self.bucket.operation("list", prefix);
        let list = self.bucket.s3().list_objects_v2();
        // A key rather than S3's own token marks the place: it stays good for ever.
        let listing = list
            .bucket(self.bucket.name())
            .prefix(prefix)
            .set_start_after(after.map(str::to_owned))
            .encoding_type(EncodingType::Url)
            .send()
            .await
            .map_err(|error| errors::translate(self.bucket.place(), &operation, error))?;
        let encoded = listing.encoding_type() == Some(&EncodingType::Url);
        let items = listing
            .contents()
            .iter()
            .map(|object| listed(&operation, object, encoded))
            .collect::<Result<Vec<_>, _>>()?;
        let next = match listing.is_truncated() {
            Some(true) => items.last().map(|item| item.key.clone()),
            _ => None,
        };
        Ok(Page { items, next })
    }
}

#[async_trait]
impl ImageWriter for S3Pictures {
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
                    self.bucket.place(),
                    self.bucket.operation("put", key),
                    error,
                )
            })
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.bucket.delete(key).await
    }
}

fn picture_head(
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

fn listed(operation: &str, object: &Object, encoded: bool) -> Result<ListedImage, StoreError> {
    let (Some(key), Some(etag), Some(bytes)) = (object.key(), object.e_tag(), object.size()) else {
        return Err(incomplete(operation.to_owned(), "Key, ETag or Size"));
    };
    let key = match encoded {
        true => decode_key(operation, key)?,
        false => key.to_owned(),
    };
    Ok(ListedImage {
        key,
        etag: etag.to_owned(),
        bytes: bytes.max(0).unsigned_abs(),
    })
}

/// A key as a listing encodes it, where `+` is a space.
fn decode_key(operation: &str, key: &str) -> Result<String, StoreError> {
    let spaced = key.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(decoded) => Ok(decoded.into_owned()),
        Err(_) => Err(StoreError::new(
            StoreErrorKind::Invalid,
            operation,
            format!("the listing holds the key {key:?}, which is not UTF-8"),
        )),
    }
}

fn incomplete(operation: String, what: &str) -> StoreError {
    let message = format!("the reply lacks {what}: it does not come from an S3 server");
    StoreError::new(StoreErrorKind::Invalid, operation, message)
}
