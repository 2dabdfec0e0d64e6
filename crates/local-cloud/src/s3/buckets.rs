//! Buckets.

use s3s::dto::*;
use s3s::{S3, S3ErrorCode, S3Request, S3Result};

use super::LocalS3;

impl LocalS3 {
    pub(super) async fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> S3Result<CreateBucketOutput> {
        let location = Some(format!("/{}", request.input.bucket));
        match self.buckets.create_bucket(request).await {
            Ok(_) => Ok(CreateBucketOutput { location }),
            // There is only one account.
            Err(mut error) if *error.code() == S3ErrorCode::BucketAlreadyExists => {
                error.set_code(S3ErrorCode::BucketAlreadyOwnedByYou);
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Deletes a bucket. s3s-fs would remove its objects too.
    pub(super) async fn delete_bucket(
        &self,
        request: S3Request<DeleteBucketInput>,
    ) -> S3Result<DeleteBucketOutput> {
        self.blocking(move |this| this.store.delete_bucket(&request.input.bucket))
            .await?;
        Ok(DeleteBucketOutput {})
    }

    pub(super) async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<GetBucketLocationOutput> {
        Ok(self.buckets.get_bucket_location(request).await?.output)
    }

    pub(super) async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<HeadBucketOutput> {
        let output = self.buckets.head_bucket(request).await?.output;
        Ok(HeadBucketOutput {
            bucket_region: Some(crate::identity::REGION.to_owned()),
            ..output
        })
    }

    pub(super) async fn list_buckets(
        &self,
        request: S3Request<ListBucketsInput>,
    ) -> S3Result<ListBucketsOutput> {
        let mut output = self.buckets.list_buckets(request).await?.output;
        if let Some(buckets) = &mut output.buckets {
            buckets.sort_by(|a, b| a.name.cmp(&b.name));
        }
        Ok(output)
    }
}
