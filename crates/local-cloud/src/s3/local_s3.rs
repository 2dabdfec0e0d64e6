//! The state of the S3 server.

use std::sync::Arc;

use s3s::S3Result;
use s3s_fs::FileSystem;

use crate::folder::DataFolder;
use crate::store::{Incoming, ObjectStore, StoreError, Uploads};

/// The parts of the S3 server; cheap to clone.
#[derive(Clone)]
pub(crate) struct LocalS3 {
    pub(crate) buckets: Arc<FileSystem>,
    pub(crate) store: Arc<ObjectStore>,
    pub(crate) incoming: Arc<Incoming>,
    pub(crate) uploads: Arc<Uploads>,
    /// Keeps the folder locked while a request is answered.
    pub(crate) _folder: Arc<DataFolder>,
}

impl LocalS3 {
    /// Runs file work away from the async runtime.
    pub(super) async fn blocking<T, E>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, E> + Send + 'static,
    ) -> S3Result<T>
    where
        T: Send + 'static,
        E: Into<s3s::S3Error> + Send + 'static,
    {
        let this = self.clone();
        match tokio::task::spawn_blocking(move || work(&this)).await {
            Ok(result) => result.map_err(Into::into),
            Err(error) => Err(s3s::S3Error::internal_error(error)),
        }
    }

    /// Fails unless the bucket exists.
    pub(super) async fn check_bucket(&self, bucket: &str) -> S3Result<()> {
        let bucket = bucket.to_owned();
        self.blocking::<_, StoreError>(move |this| this.store.check_bucket(&bucket))
            .await
    }
}
