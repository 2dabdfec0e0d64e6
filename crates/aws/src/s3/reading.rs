//! Reading objects of a bucket.

use std::collections::HashMap;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::primitives::{ByteStream, ByteStreamError};
use bytes::Bytes;
use lookalike_core::{StoreError, StoreErrorKind};

use crate::errors;
use crate::s3::bucket::Bucket;

/// Maximum number of attempts to read an object whose body breaks off, which the SDK does not
/// retry.
const MAX_READS: u32 = 3;

/// An object that was read: its headers, and its body unless it was left out.
pub(crate) struct Read {
    pub(crate) etag: Option<String>,
    pub(crate) length: Option<i64>,
    pub(crate) metadata: Option<HashMap<String, String>>,
    pub(crate) body: Option<Bytes>,
}

/// The result of reading an object.
pub(crate) enum Reading {
    Found(Read),
    Missing,
    /// The object still has the version in `If-None-Match`.
    Unchanged,
}

/// S3's answer to a request for an object.
enum Reply {
    /// The body is still to be read.
    Object(Box<GetObjectOutput>),
    Missing,
    Unchanged,
    /// The range begins at or after the end of the object.
    OutOfRange,
}

impl Bucket {
    /// Reads an object, and retries if its body breaks off. `request` adds conditions; a body over `max_bytes` is not
    /// downloaded.
    pub(crate) async fn read(
        &self,
        key: &str,
        max_bytes: u64,
        request: impl Fn(GetObjectFluentBuilder) -> GetObjectFluentBuilder + Send + Sync,
    ) -> Result<Reading, StoreError> {
        let mut attempt = 1;
        loop {
            let found = match self.open(key, &request).await? {
                Reply::Object(found) => found,
                Reply::Missing => return Ok(Reading::Missing),
                Reply::Unchanged => return Ok(Reading::Unchanged),
                Reply::OutOfRange => return Err(self.unexpected_reply(key)),
            };
            let mut read = Read {
                etag: found.e_tag,
                length: found.content_length,
                metadata: found.metadata,
                body: None,
            };
            if read.length.unwrap_or(0).max(0).unsigned_abs() > max_bytes {
                return Ok(Reading::Found(read));
            }
            match found.body.collect().await {
                Ok(body) => {
                    read.body = Some(body.into_bytes());
                    return Ok(Reading::Found(read));
                }
                Err(error) => self.broke_off(key, error, &mut attempt)?,
            }
        }
    }

    /// Reads the bytes of an object from `start` on into `out`, and retries if the body breaks off. Returns their
    /// number, or `None` if there is no object.
    pub(crate) async fn read_into(
        &self,
        key: &str,
        start: u64,
        out: &mut [u8],
    ) -> Result<Option<usize>, StoreError> {
        let range = format!("bytes={start}-{}", start + out.len() as u64 - 1);
        let mut attempt = 1;
        loop {
            let found = match self.open(key, |get| get.range(&range)).await? {
                Reply::Object(found) => found,
                Reply::OutOfRange => return Ok(Some(0)),
                Reply::Missing => return Ok(None),
                Reply::Unchanged => return Err(self.unexpected_reply(key)),
            };
            match fill(found.body, out).await {
                Ok(filled) => return Ok(Some(filled)),
                Err(error) => self.broke_off(key, error, &mut attempt)?,
            }
        }
    }

    /// Requests an object.
    async fn open(
        &self,
        key: &str,
        request: impl Fn(GetObjectFluentBuilder) -> GetObjectFluentBuilder + Send + Sync,
    ) -> Result<Reply, StoreError> {
        let get = self.s3().get_object().bucket(self.name()).key(key);
        match request(get).send().await {
            Ok(found) => Ok(Reply::Object(found.into())),
            Err(error) if errors::status(&error) == Some(304) => Ok(Reply::Unchanged),
            Err(error) if errors::status(&error) == Some(416) => Ok(Reply::OutOfRange),
            Err(error) if errors::is_missing_object(&error) => Ok(Reply::Missing),
            Err(error) => {
                let operation = self.operation("get", key);
                Err(errors::translate(self.resource(), operation, error))
            }
        }
    }

    /// Makes the error of a reply about a condition or range that the request did not have.
    pub(crate) fn unexpected_reply(&self, key: &str) -> StoreError {
        let message = "the reply is about a condition or a range that was not in the request";
        StoreError::new(StoreErrorKind::Invalid, self.operation("get", key), message)
    }

    /// Counts an attempt whose body broke off, or fails if it was the last.
    fn broke_off(
        &self,
        key: &str,
        error: ByteStreamError,
        attempt: &mut u32,
    ) -> Result<(), StoreError> {
        let error = errors::interrupted(&self.operation("get", key), error);
        if *attempt == MAX_READS {
            return Err(error);
        }
        tracing::warn!(%error, attempt = *attempt, "reading the object again");
        *attempt += 1;
        Ok(())
    }
}

/// Copies a body into `out` and returns the number of bytes. Bytes beyond its end are dropped.
async fn fill(mut body: ByteStream, out: &mut [u8]) -> Result<usize, ByteStreamError> {
    let mut filled = 0;
    while let Some(chunk) = body.try_next().await? {
        let end = out.len().min(filled + chunk.len());
        out[filled..end].copy_from_slice(&chunk[..end - filled]);
        filled = end;
    }
    Ok(filled)
}
