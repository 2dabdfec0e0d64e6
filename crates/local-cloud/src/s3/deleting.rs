//! Deletes.

use s3s::dto::*;
use s3s::{S3Error, S3Request, S3Result, s3_error};

use super::LocalS3;
use super::conditions::write_condition;
use crate::store::{StoreError, WriteCondition};

/// Maximum number of keys in one request, as in S3.
const MAX_KEYS: usize = 1000;

impl LocalS3 {
    pub(super) async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<DeleteObjectOutput> {
        let DeleteObjectInput {
            bucket,
            key,
            if_match,
            ..
        } = request.input;
        let condition = write_condition(if_match.as_ref(), None)?;
        self.blocking(move |this| this.delete(&bucket, &key, &condition))
            .await?;
        Ok(DeleteObjectOutput::default())
    }

    pub(super) async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<DeleteObjectsOutput> {
        let DeleteObjectsInput { bucket, delete, .. } = request.input;
        if delete.objects.is_empty() || delete.objects.len() > MAX_KEYS {
            return Err(s3_error!(
                MalformedXML,
                "expected 1 to {MAX_KEYS} keys, found {}",
                delete.objects.len()
            ));
        }
        self.check_bucket(&bucket).await?;
        let quiet = delete.quiet.unwrap_or_default();
        let work = move |this: &Self| Ok::<_, S3Error>(this.delete_all(&bucket, delete.objects));
        let (deleted, errors) = self.blocking(work).await?;
        Ok(DeleteObjectsOutput {
            deleted: (!quiet).then_some(deleted),
            errors: (!errors.is_empty()).then_some(errors),
            ..Default::default()
        })
    }

    fn delete_all(
        &self,
        bucket: &str,
        objects: Vec<ObjectIdentifier>,
    ) -> (Vec<DeletedObject>, Vec<Error>) {
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for object in objects {
            let condition = match object.e_tag {
                Some(tag) => WriteCondition::Tagged(vec![tag.into_value()]),
                None => WriteCondition::Always,
            };
            match self.delete(bucket, &object.key, &condition) {
                Ok(()) => deleted.push(DeletedObject {
                    key: Some(object.key),
                    ..Default::default()
                }),
                Err(error) => {
                    let error = S3Error::from(error);
                    errors.push(Error {
                        code: Some(error.code().as_str().to_owned()),
                        message: error.message().map(str::to_owned),
                        key: Some(object.key),
                        ..Default::default()
                    });
                }
            }
        }
        (deleted, errors)
    }

    /// Deletes one key. A key that cannot be stored does not exist, and removing a missing one
    /// succeeds.
    fn delete(
        &self,
        bucket: &str,
        key: &str,
        condition: &WriteCondition,
    ) -> Result<(), StoreError> {
        match self.store.readable(bucket, key) {
            Ok(address) => self.store.delete(&address, condition),
            Err(StoreError::NoSuchKey(_)) => condition.check(key, || Ok(None)),
            Err(error) => Err(error),
        }
    }
}
