//! A folder of small files in a bucket, for exports.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use lookalike_core::{StoreError, StoreErrorKind};

use crate::clients::Clients;
use crate::errors;
use crate::s3::bucket::Bucket;
use crate::s3::listing;
use crate::s3::reading::Reading;
use crate::s3::versioned::S3Versioned;

/// The option that names the bucket, for errors.
const OPTION: &str = "--out";
/// Maximum size of a file that is read back.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// The objects directly below a prefix.
#[derive(Debug, Clone)]
pub struct S3Folder {
    bucket: Arc<Bucket>,
    /// Empty, or with a slash at its end.
    prefix: String,
}

impl S3Folder {
    /// Refers to the folder at `prefix`, without slashes at its ends, of a bucket; the prefix may
    /// be empty.
    pub fn new(clients: &Clients, bucket: &str, prefix: &str) -> Self {
        let prefix = match prefix.trim_matches('/') {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        Self {
            bucket: Arc::new(Bucket::new(clients, bucket, OPTION)),
            prefix,
        }
    }

    /// Returns the names of all files.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list(&self) -> Result<BTreeSet<String>, StoreError> {
        let objects =
            listing::list_all(&self.bucket, &self.prefix, |list| list.delimiter("/")).await?;
        let names = objects
            .iter()
            .filter_map(|object| object.key.strip_prefix(&self.prefix));
        Ok(names.map(str::to_owned).collect())
    }

    /// Returns a file's content, or `None` if it does not exist.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn read(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        let key = self.key(name);
        let read = match self.bucket.read(&key, MAX_FILE_BYTES, |get| get).await? {
            Reading::Found(read) => read,
            Reading::Missing => return Ok(None),
            Reading::Unchanged => return Err(self.bucket.unexpected_reply(&key)),
        };
        match read.body {
            Some(body) => Ok(Some(body)),
            None => Err(StoreError::new(
                StoreErrorKind::Invalid,
                self.bucket.operation("get", &key),
                "the object is too large to be a file of an export",
            )),
        }
    }

    /// Writes a JSON file, replacing an existing one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn write(&self, name: &str, content: Bytes) -> Result<(), StoreError> {
        let key = self.key(name);
        let put = self.bucket.put(&key, content, "application/json");
        put.send().await.map(drop).map_err(|error| {
            let operation = self.bucket.operation("put", &key);
            errors::translate(self.bucket.resource(), operation, error)
        })
    }

    /// Returns a file that is replaced by conditional writes; `what` names it in errors.
    pub fn versioned(&self, name: &str, what: &'static str) -> S3Versioned {
        S3Versioned::new(Arc::clone(&self.bucket), self.key(name), what)
    }

    /// Removes a file; removing a missing one succeeds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.bucket.delete(&self.key(name)).await
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}
