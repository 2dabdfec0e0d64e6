//! Presigned URLs of objects in the catalog bucket.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_sdk_s3::presigning::PresigningConfig;
use lookalike_core::ports::UrlSigner;
use lookalike_core::{StoreError, StoreErrorKind, UploadLink};

use crate::errors;
use crate::s3::bucket::Bucket;

/// Minimum time for which the URL of an image is valid.
const MIN_FETCH_TIME: Duration = Duration::from_secs(60 * 60);

/// Length of the time spans at whose beginning URLs are signed, so that an image keeps its URL for
/// that long and a browser finds it in its cache.
const SIGNING_SPAN: Duration = Duration::from_secs(15 * 60);

/// Time for which the URL for an upload is valid.
const UPLOAD_TIME: Duration = Duration::from_secs(15 * 60);

/// Signs URLs with this process's credentials; no URL outlives them.
#[derive(Debug, Clone)]
pub struct S3UrlSigner {
    bucket: Arc<Bucket>,
}

impl S3UrlSigner {
    pub(crate) fn new(bucket: Arc<Bucket>) -> Self {
        Self { bucket }
    }
}

#[async_trait]
impl UrlSigner for S3UrlSigner {
    async fn fetch(&self, key: &str) -> Result<String, StoreError> {
        let operation = self.bucket.operation("sign a link to get", key);
        let config = PresigningConfig::builder()
            .start_time(beginning_of_span(SystemTime::now()))
            .expires_in(MIN_FETCH_TIME + SIGNING_SPAN)
            .build()
            .map_err(|error| unsignable(&operation, error))?;
        let get = self.bucket.s3().get_object();
        let signed = get
            .bucket(self.bucket.name())
            .key(key)
            .presigned(config)
            .await
            .map_err(|error| errors::translate(self.bucket.resource(), operation, error))?;
        Ok(signed.uri().to_owned())
    }

    fn good_for(&self) -> Duration {
        MIN_FETCH_TIME
    }

    async fn upload(
        &self,
        key: &str,
        content_type: &str,
        bytes: u64,
    ) -> Result<UploadLink, StoreError> {
        let operation = self.bucket.operation("sign a link to put", key);
        let config = PresigningConfig::expires_in(UPLOAD_TIME)
            .map_err(|error| unsignable(&operation, error))?;
        let put = self.bucket.s3().put_object();
        let signed = put
            .bucket(self.bucket.name())
            .key(key)
            .content_type(content_type)
            // Signed with the rest, so that a link takes neither more than was asked for nor a second object.
            .content_length(i64::try_from(bytes).unwrap_or(i64::MAX))
            .if_none_match("*")
            .presigned(config)
            .await
            .map_err(|error| errors::translate(self.bucket.resource(), operation, error))?;
        let headers = signed
            .headers()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Ok(UploadLink {
            url: signed.uri().to_owned(),
            key: key.to_owned(),
            expires_in: UPLOAD_TIME.as_secs(),
            headers,
        })
    }
}

fn beginning_of_span(now: SystemTime) -> SystemTime {
    let since_epoch = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    SystemTime::UNIX_EPOCH + Duration::from_secs(since_epoch - since_epoch % SIGNING_SPAN.as_secs())
}

fn unsignable(operation: &str, error: aws_sdk_s3::presigning::PresigningConfigError) -> StoreError {
    StoreError::new(StoreErrorKind::Invalid, operation, error.to_string()).caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_quarter_of_an_hour() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(beginning_of_span(at(1_800_000_000)), at(1_800_000_000));
        assert_eq!(beginning_of_span(at(1_800_000_899)), at(1_800_000_000));
        assert_eq!(beginning_of_span(at(1_800_000_900)), at(1_800_000_900));
    }
}
