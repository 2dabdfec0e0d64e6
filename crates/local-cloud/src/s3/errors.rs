//! Conversion of the store's errors to S3 errors.

use s3s::{S3Error, S3ErrorCode};

use crate::store::StoreError;

impl From<StoreError> for S3Error {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::NoSuchBucket(_) => S3ErrorCode::NoSuchBucket,
            StoreError::BucketNotEmpty(_) => S3ErrorCode::BucketNotEmpty,
            StoreError::NoSuchKey(_) => S3ErrorCode::NoSuchKey,
            StoreError::InvalidKey { .. } => S3ErrorCode::InvalidArgument,
            StoreError::KeyConflict { .. } => S3ErrorCode::InvalidRequest,
            StoreError::PreconditionFailed => S3ErrorCode::PreconditionFailed,
            StoreError::NoSuchUpload(_) => S3ErrorCode::NoSuchUpload,
            StoreError::InvalidPart { .. } => S3ErrorCode::InvalidPart,
            StoreError::InvalidPartOrder { .. } => S3ErrorCode::InvalidPartOrder,
            StoreError::PartTooSmall { .. } => S3ErrorCode::EntityTooSmall,
            StoreError::BadDigest { .. } => S3ErrorCode::BadDigest,
            StoreError::SourceChanged => S3ErrorCode::OperationAborted,
            StoreError::Io(_) => S3ErrorCode::InternalError,
        };
        Self::with_message(code, error.to_string())
    }
}
