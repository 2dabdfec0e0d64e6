//! Large objects, sent in parts.

use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use lookalike_core::StoreError;

use crate::errors;
use crate::s3::bucket::Bucket;

/// Size of every part except the last: 10,000 of them, S3's maximum, make 160 GB.
const PART_BYTES: usize = 16 << 20;

/// Maximum number of parts that are sent at the same time.
const MAX_PARALLEL_PARTS: usize = 4;

/// Writes a large object: it appears whole or not at all. After a crash, the remaining parts are
/// not an object, and the bucket's lifecycle rule for incomplete uploads removes them.
pub(crate) async fn put(
    bucket: &Bucket,
    key: &str,
    bytes: Bytes,
    content_type: &str,
) -> Result<(), StoreError> {
    let operation = || bucket.operation("put", key);
    let upload = bucket
        .s3()
        .create_multipart_upload()
        .bucket(bucket.name())
        .key(key)
        .content_type(content_type)
        .checksum_algorithm(ChecksumAlgorithm::Crc32)
        .send()
        .await
        .map_err(|error| errors::translate(bucket.resource(), operation(), error))?;
    let id = upload.upload_id().unwrap_or_default();
    let done = match put_parts(bucket, key, id, &bytes).await {
        Ok(parts) => complete(bucket, key, id, parts).await,
        Err(error) => Err(error),
    };
    if done.is_err() {
        let abort = bucket.s3().abort_multipart_upload();
        let abort = abort.bucket(bucket.name()).key(key).upload_id(id);
        if let Err(error) = abort.send().await {
            let error = errors::translate(bucket.resource(), operation(), error);
            tracing::warn!(%error, "an unfinished upload stays until the lifecycle rule ends it");
        }
    }
    done
}

async fn put_parts(
    bucket: &Bucket,
    key: &str,
    id: &str,
    bytes: &Bytes,
) -> Result<Vec<CompletedPart>, StoreError> {
    let uploads: Vec<_> = (0..bytes.len())
        .step_by(PART_BYTES)
        .zip(1..)
        .map(|(start, number)| {
            let part = bytes.slice(start..bytes.len().min(start + PART_BYTES));
            put_part(bucket, key, id, number, part)
        })
        .collect();
    // In order, as required for completing the upload.
    stream::iter(uploads)
        .buffered(MAX_PARALLEL_PARTS)
        .try_collect()
        .await
}

async fn put_part(
    bucket: &Bucket,
    key: &str,
    id: &str,
    number: i32,
    part: Bytes,
) -> Result<CompletedPart, StoreError> {
    let upload = bucket.uploads().upload_part();
    let sent = upload
        .bucket(bucket.name())
        .key(key)
        .upload_id(id)
        .part_number(number)
        .checksum_algorithm(ChecksumAlgorithm::Crc32)
        .body(part.into())
        .send()
        .await
        .map_err(|error| {
            let operation = bucket.operation(&format!("put part {number} of"), key);
            errors::translate(bucket.resource(), operation, error)
        })?;
    Ok(CompletedPart::builder()
        .part_number(number)
        .set_e_tag(sent.e_tag)
        .set_checksum_crc32(sent.checksum_crc32)
        .build())
}

async fn complete(
    bucket: &Bucket,
    key: &str,
    id: &str,
    parts: Vec<CompletedPart>,
) -> Result<(), StoreError> {
    let parts = CompletedMultipartUpload::builder()
        .set_parts(Some(parts))
        .build();
    // S3 assembles a large object before it answers.
    let complete = bucket.uploads().complete_multipart_upload();
    complete
        .bucket(bucket.name())
        .key(key)
        .upload_id(id)
        .multipart_upload(parts)
        .send()
        .await
        .map(drop)
        .map_err(|error| {
            let operation = bucket.operation("complete", key);
            errors::translate(bucket.resource(), operation, error)
        })
}
