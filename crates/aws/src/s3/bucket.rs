//! A bucket, with the calls that several adapters make on it.

use std::collections::HashMap;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::primitives::{ByteStream, ByteStreamError};
use aws_sdk_s3::types::ChecksumAlgorithm;
use bytes::Bytes;
use lookalike_service::{StoreError, StoreErrorKind};
use tokio::sync::OnceCell;

use crate::clients::Clients;
use crate::errors;
use crate::resource::Resource;

/// Bodies from this size go through the client that is patient with uploads.
const LARGE_BODY: usize = 1 << 20;

/// How often an object is read when its body breaks off, which the SDK does not retry.
const READS: u32 = 3;

/// A bucket and the clients to reach it.
#[derive(Debug)]
pub(crate) struct Bucket {
    clients: Clients,
    resource: Resource,
    /// Set once the bucket is known to exist.
    exists: OnceCell<()>,
}

/// An object that was read: its headers, and its body unless that was left out.
pub(crate) struct Read {
    pub(crate) etag: Option<String>,
    pub(crate) length: Option<i64>,
    pub(crate) metadata: Option<HashMap<String, String>>,
    pub(crate) body: Option<Bytes>,
}

/// How reading an object ended.
pub(crate) enum Reading {
    Found(Read),
    Missing,
    /// The object is still the version that `If-None-Match` named.
    Unchanged,
}

/// What S3 says when it is asked for an object.
enum Reply {
    /// The body is still to be read.
    Object(Box<GetObjectOutput>),
    Missing,
    Unchanged,
    /// The range begins at or after the end of the object.
    OutOfRange,
}

impl Bucket {
    /// The bucket `name`, as `variable` gave it.
    pub(crate) fn new(clients: &Clients, name: &str, variable: &'static str) -> Self {
        Self {
            clients: clients.clone(),
            resource: Resource {
                kind: "bucket",
                name: name.to_owned(),
                variable,
            },
            exists: OnceCell::new(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.resource.name
    }

    pub(crate) fn resource(&self) -> &Resource {
        &self.resource
    }

    pub(crate) fn s3(&self) -> &aws_sdk_s3::Client {
        &self.clients.s3
    }

    /// The client for large bodies on their way up.
    pub(crate) fn uploads(&self) -> &aws_sdk_s3::Client {
        &self.clients.s3_uploads
    }

    /// `verb s3://bucket/key`, for errors.
    pub(crate) fn operation(&self, verb: &str, key: &str) -> String {
        format!("{verb} s3://{}/{key}", self.resource.name)
    }

    /// Reads an object, again when its body breaks off. `request` adds conditions; a body over `max_bytes`
    /// is not downloaded.
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
                Reply::OutOfRange => return Err(self.not_asked_for(key)),
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

    /// Reads the bytes of an object from `start` on into `out`, again when the body breaks off: how many
    /// there were, or `None` when there is no object.
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
                Reply::Unchanged => return Err(self.not_asked_for(key)),
            };
            match fill(found.body, out).await {
                Ok(filled) => return Ok(Some(filled)),
                Err(error) => self.broke_off(key, error, &mut attempt)?,
            }
        }
    }

    /// Asks for an object.
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
                Err(errors::translate(&self.resource, operation, error))
            }
        }
    }

    /// A server that answers a question that was not asked is none of S3's.
    pub(crate) fn not_asked_for(&self, key: &str) -> StoreError {
        let message = "the reply is about a condition or a range that was not in the request";
        StoreError::new(StoreErrorKind::Invalid, self.operation("get", key), message)
    }

    /// A body broke off: counts the attempt, or fails when that was the last.
    fn broke_off(
        &self,
        key: &str,
        error: ByteStreamError,
        attempt: &mut u32,
    ) -> Result<(), StoreError> {
        let error = errors::interrupted(&self.operation("get", key), error);
        if *attempt == READS {
            return Err(error);
        }
        tracing::warn!(%error, attempt = *attempt, "reading the object again");
        *attempt += 1;
        Ok(())
    }

    /// A put of a whole object, with a checksum that S3 verifies and keeps.
    pub(crate) fn put(&self, key: &str, body: Bytes, content_type: &str) -> PutObjectFluentBuilder {
        let client = match body.len() >= LARGE_BODY {
            true => self.uploads(),
            false => self.s3(),
        };
        client
            .put_object()
            .bucket(self.name())
            .key(key)
            .content_type(content_type)
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .body(body.into())
    }

    /// Removes an object; removing what is gone succeeds.
    pub(crate) async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let delete = self.s3().delete_object().bucket(self.name()).key(key);
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error) if errors::is_missing_object(&error) => Ok(()),
            Err(error) => {
                let operation = self.operation("delete", key);
                Err(errors::translate(&self.resource, operation, error))
            }
        }
    }

    /// Fails when the bucket does not exist: a `HEAD` of an object says 404 for that too, and without
    /// this a wrong bucket name would look like a catalog whose pictures are all gone.
    pub(crate) async fn must_exist(&self) -> Result<(), StoreError> {
        let check = || async {
            let head = self.s3().head_bucket().bucket(self.name());
            match head.send().await {
                Ok(_) => Ok(()),
                Err(error) if errors::status(&error) == Some(404) => Err(StoreError::new(
                    StoreErrorKind::NotFound,
                    self.operation("look for", ""),
                    errors::no_such_resource(&self.resource),
                )),
                Err(error) => {
                    let operation = self.operation("look for", "");
                    Err(errors::translate(&self.resource, operation, error))
                }
            }
        };
        self.exists.get_or_try_init(check).await.copied()
    }

    /// That an object is missing where it has to be.
    pub(crate) fn missing(&self, operation: String, key: &str) -> StoreError {
        let message = format!("there is no object {key:?} in bucket {:?}", self.name());
        StoreError::new(StoreErrorKind::NotFound, operation, message)
    }
}

/// Copies a body to where it is wanted, as it comes: how many bytes that were. What is over is left out.
async fn fill(mut body: ByteStream, out: &mut [u8]) -> Result<usize, ByteStreamError> {
    let mut filled = 0;
    while let Some(chunk) = body.try_next().await? {
        let end = out.len().min(filled + chunk.len());
        out[filled..end].copy_from_slice(&chunk[..end - filled]);
        filled = end;
    }
    Ok(filled)
}
