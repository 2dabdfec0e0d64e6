//! The fetched images in the catalog.

use std::collections::HashMap;

use lookalike_aws::Cloud;
use lookalike_core::StoreError;

use super::name::hash_in;
use crate::catalog_listing::visit_catalog;

/// Keys of images that a fetch may have stored, by the hash in the key. The object metadata decides.
#[derive(Debug, Default)]
pub(crate) struct StoredImages(HashMap<String, Vec<String>>);

impl StoredImages {
    /// Lists the catalog.
    pub(crate) async fn list(cloud: &Cloud) -> Result<Self, StoreError> {
        let mut stored = Self::default();
        visit_catalog(cloud, |image| {
            if let Some(hash) = hash_in(&image.key) {
                let hash = hash.to_owned();
                stored.0.entry(hash).or_default().push(image.key);
            }
        })
        .await?;
        Ok(stored)
    }

    /// Returns the keys with this hash: several if an image got another folder or format, and the fetch that stored
    /// it there was killed before it removed the earlier one.
    pub(crate) fn keys(&self, hash: &str) -> &[String] {
        self.0.get(hash).map_or(&[], Vec::as_slice)
    }

    /// Returns every hash with its keys.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        let entries = self.0.iter();
        entries.map(|(hash, keys)| (hash.as_str(), keys.as_slice()))
    }
}
