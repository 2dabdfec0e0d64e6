//! Finding rows whose image was filed under another product or category without a new version.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lookalike_core::keys::product_id_of;
use lookalike_core::model::ImageHead;
use tracing::warn;

use crate::current::Current;
use crate::error::IndexingError;
use crate::indexer::Indexer;

/// Number of images whose metadata and products are in memory at once.
const CHUNK: usize = 1000;

impl Indexer {
    /// Returns the keys of unchanged images whose rows, in any index, have another product or other attributes than the
    /// object's metadata and the table say now, in key order: [`index_keys`](Self::index_keys) would update them. An
    /// ETag does not tell, because it depends on the bytes alone; so this asks for the metadata of every image.
    ///
    /// # Errors
    /// [`IndexingError`] when an index, the table or the bucket cannot be read.
    pub async fn relabeled(&self) -> Result<Vec<String>, IndexingError> {
        let indexes = self.publisher.reader.read_all().await?.readable()?;
        let mut relabeled = Vec::new();
        let mut parts = self.publisher.reader.parts(&indexes);
        while let Some(part) = parts.next().await? {
            let keys = part.iter().flat_map(|index| index.live_keys());
            let keys: BTreeSet<&str> = keys.collect();
            let keys: Vec<&str> = keys.into_iter().collect();
            for chunk in keys.chunks(CHUNK) {
                let heads = self.readable_heads(chunk).await?;
                relabeled.extend(self.relabeled_of(&part, &heads).await?);
            }
        }
        relabeled.sort_unstable();
        Ok(relabeled)
    }

    /// Returns the metadata of the images that are there and can be read.
    async fn readable_heads(
        &self,
        keys: &[&str],
    ) -> Result<BTreeMap<String, ImageHead>, IndexingError> {
        let mut readable = BTreeMap::new();
        for (key, head) in self.heads(keys.iter().copied()).await {
            match head {
                Ok(head) => readable.extend(head.map(|head| (key, head))),
                Err(error) if error.kind.is_retryable() => return Err(error.into()),
                // An object that cannot be read must not hide what is wrong elsewhere.
                Err(error) => warn!(key, %error, "an image cannot be compared with the index"),
            }
        }
        Ok(readable)
    }

    async fn relabeled_of(
        &self,
        indexes: &[Arc<Current>],
        heads: &BTreeMap<String, ImageHead>,
    ) -> Result<Vec<String>, IndexingError> {
        let products = heads.iter();
        let products = products.map(|(key, head)| product_id_of(key, &head.metadata));
        let products: BTreeSet<String> = products.collect();
        let attributes = self.product_attributes(products.iter().map(String::as_str));
        let attributes = attributes.await?;
        let is_relabeled = |key: &str, head: &ImageHead| {
            let product_id = product_id_of(key, &head.metadata);
            let wanted = attributes.of_image(key, &product_id, head);
            indexes.iter().any(|index| {
                let at = index.view.locate(key);
                index.has_version(key, &head.etag)
                    && at.is_some_and(|at| !index.matches(at, &product_id, &wanted))
            })
        };
        let relabeled = heads.iter().filter(|(key, head)| is_relabeled(key, head));
        Ok(relabeled.map(|(key, _)| key.clone()).collect())
    }
}
