//! A bucket, with the calls of several adapters; `reading` has those that read objects.

use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::types::ChecksumAlgorithm;
use bytes::Bytes;
use lookalike_core::{StoreError, StoreErrorKind};
use tokio::sync::OnceCell;

use crate::clients::Clients;
use crate::errors;
use crate::resource::Resource;

/// Minimum size of bodies that are sent by the client with long timeouts.
const LARGE_BODY_BYTES: usize = 1 << 20;

/// A bucket and the clients to reach it.
#[derive(Debug)]
pub(crate) struct Bucket {
    clients: Clients,
    resource: Resource,
    /// Set once the bucket is known to exist.
    exists: OnceCell<()>,
}

impl Bucket {
    /// Refers to the bucket `name`, which was set by `variable`.
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

    /// Returns the client for uploads of large bodies.
    pub(crate) fn uploads(&self) -> &aws_sdk_s3::Client {
        &self.clients.s3_uploads
    }

    /// Returns `verb s3://bucket/key`, for errors.
    pub(crate) fn operation(&self, verb: &str, key: &str) -> String {
        format!("{verb} s3://{}/{key}", self.resource.name)
    }

    /// Makes a put of a whole object, with a checksum that S3 verifies and keeps.
    pub(crate) fn put(&self, key: &str, body: Bytes, content_type: &str) -> PutObjectFluentBuilder {
        let client = if body.len() >= LARGE_BODY_BYTES {
            self.uploads()
        } else {
            self.s3()
        };
        client
            .put_object()
            .bucket(self.name())
            .key(key)
            .content_type(content_type)
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .body(body.into())
    }

    /// Removes an object; removing a missing one succeeds.
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

    /// Fails if the bucket does not exist: a `HEAD` of an object returns 404 for that too, and
    /// without this check a wrong bucket name would look like a catalog without images.
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

    /// Makes the error of a missing object that must exist.
    pub(crate) fn missing(&self, operation: String, key: &str) -> StoreError {
        let message = format!("there is no object {key:?} in bucket {:?}", self.name());
        StoreError::new(StoreErrorKind::NotFound, operation, message)
    }
}
