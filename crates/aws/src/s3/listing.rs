//! Listing the objects of a bucket.

use std::time::SystemTime;

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::operation::list_objects_v2::builders::ListObjectsV2FluentBuilder;
use aws_sdk_s3::types::{EncodingType, Object};
use lookalike_core::{StoreError, StoreErrorKind};
use lookalike_events::decode_key;

use crate::errors;
use crate::s3::bucket::Bucket;

/// An object in a listing.
pub(crate) struct ListedObject {
    pub(crate) key: String,
    pub(crate) etag: Option<String>,
    pub(crate) bytes: Option<u64>,
    pub(crate) modified: Option<SystemTime>,
}

/// One page of a listing.
pub(crate) struct ListingPage {
    pub(crate) objects: Vec<ListedObject>,
    /// True if more objects follow.
    pub(crate) is_truncated: bool,
    next_token: Option<String>,
}

/// Reads one page of the objects below `prefix`. `request` sets the start of the page and what it
/// leaves out.
pub(crate) async fn list_page(
    bucket: &Bucket,
    prefix: &str,
    request: impl FnOnce(ListObjectsV2FluentBuilder) -> ListObjectsV2FluentBuilder,
) -> Result<ListingPage, StoreError> {
    let operation = bucket.operation("list", prefix);
    // XML cannot represent every character of a key, so keys are requested in encoded form.
    let list = bucket
        .s3()
        .list_objects_v2()
        .bucket(bucket.name())
        .prefix(prefix)
        .encoding_type(EncodingType::Url);
    match request(list).send().await {
        Ok(reply) => page_of(&operation, reply),
        Err(error) => Err(errors::translate(bucket.resource(), operation, error)),
    }
}

/// Reads all objects below `prefix`, page by page. `request` may leave some out.
pub(crate) async fn list_all(
    bucket: &Bucket,
    prefix: &str,
    request: impl Fn(ListObjectsV2FluentBuilder) -> ListObjectsV2FluentBuilder,
) -> Result<Vec<ListedObject>, StoreError> {
    let mut objects = Vec::new();
    let mut token = None;
    loop {
        let page = list_page(bucket, prefix, |list| {
            request(list).set_continuation_token(token.take())
        })
        .await?;
        objects.extend(page.objects);
        token = page.next_token;
        if token.is_none() {
            return Ok(objects);
        }
    }
}

fn page_of(operation: &str, reply: ListObjectsV2Output) -> Result<ListingPage, StoreError> {
    let is_encoded = reply.encoding_type() == Some(&EncodingType::Url);
    let objects = (reply.contents.unwrap_or_default().into_iter())
        .map(|object| listed(operation, object, is_encoded))
        .collect::<Result<_, _>>()?;
    Ok(ListingPage {
        objects,
        is_truncated: reply.is_truncated.unwrap_or(false),
        next_token: reply.next_continuation_token,
    })
}

fn listed(operation: &str, object: Object, is_encoded: bool) -> Result<ListedObject, StoreError> {
    let invalid = |message| StoreError::new(StoreErrorKind::Invalid, operation, message);
    let key = object.key.unwrap_or_default();
    let key = if is_encoded {
        decode_key(&key).map_err(|_| {
            invalid(format!(
                "the listing holds the key {key:?}, which is not UTF-8"
            ))
        })?
    } else {
        key
    };
    Ok(ListedObject {
        key,
        etag: object.e_tag,
        bytes: object.size.map(|bytes| bytes.max(0).unsigned_abs()),
        modified: object
            .last_modified
            .and_then(|time| SystemTime::try_from(time).ok()),
    })
}
