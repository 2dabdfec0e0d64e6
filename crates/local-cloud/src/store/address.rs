//! Buckets and keys as paths.

use std::path::{Path, PathBuf};

use super::StoreError;

/// Maximum length of a file name in the common file systems, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// A bucket and a key that can only be a file below the bucket's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) bucket: String,
    pub(crate) key: String,
    path: PathBuf,
    bucket_path: PathBuf,
}

impl Address {
    /// Fails with [`StoreError::InvalidKey`] if `key` is not a relative path of plain names.
    pub(crate) fn new(root: &Path, bucket: &str, key: &str) -> Result<Self, StoreError> {
        if let Some(reason) = unfit(key) {
            let key = key.to_owned();
            return Err(StoreError::InvalidKey { key, reason });
        }
        let bucket_path = root.join(bucket);
        Ok(Self {
            path: bucket_path.join(key),
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            bucket_path,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn bucket_path(&self) -> &Path {
        &self.bucket_path
    }

    /// Returns `<bucket>/<key>`, which is unambiguous because bucket names contain no slash.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.bucket, self.key)
    }
}

fn unfit(key: &str) -> Option<&'static str> {
    if key.is_empty() {
        return Some("it is empty");
    }
    if key.len() > 1024 {
        return Some("it is longer than 1,024 bytes");
    }
    if key.contains('\0') || (cfg!(windows) && key.contains(['\\', ':'])) {
        return Some("it has a character that file names cannot have");
    }
    key.split('/').find_map(|part| match part {
        "" => Some("it begins or ends with a slash, or has two in a row"),
        "." | ".." => Some("`.` and `..` are not allowed as parts of a key"),
        long if long.len() > MAX_NAME_BYTES => {
            Some("a part between slashes is longer than 255 bytes")
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn plain_names_stay_below_the_bucket() {
        for key in ["a", "a/b c+%20/ü.jpg", "...", "..a/b..", "-", "a\\b", "~/x"] {
            if cfg!(windows) && key.contains('\\') {
                continue;
            }
            let address = Address::new(Path::new("/data/s3"), "shop", key).unwrap();
            assert!(address.path().starts_with("/data/s3/shop"), "{key}");
            assert_eq!(address.name(), format!("shop/{key}"));
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let long = "x".repeat(256);
        let longer = "x/".repeat(600);
        for key in [
            "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/..", "./a", "a\0b", &long,
            &longer,
        ] {
            let error = Address::new(Path::new("/data/s3"), "shop", key).unwrap_err();
            assert!(
                matches!(error, StoreError::InvalidKey { .. }),
                "{key:?}: {error}"
            );
        }
    }
}
