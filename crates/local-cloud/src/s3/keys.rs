//! The access key.

use async_trait::async_trait;
use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Result, s3_error};

use crate::identity::{ACCESS_KEY, SECRET_KEY};

/// Knows the only pair of keys.
#[derive(Debug)]
pub(super) struct LocalKeys;

#[async_trait]
impl S3Auth for LocalKeys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == ACCESS_KEY {
            return Ok(SecretKey::from(SECRET_KEY));
        }
        Err(s3_error!(
            InvalidAccessKeyId,
            "the access key of this server is `{ACCESS_KEY}`, not `{access_key}`"
        ))
    }
}
