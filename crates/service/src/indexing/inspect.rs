//! Comparing the index with the bucket, and giving it up.

use std::collections::BTreeMap;

use bytes::Bytes;
use lookalike_index::Manifest;
use serde::Serialize;

use super::current::Current;
use super::{Indexer, IndexingError};
use crate::error::{StoreError, StoreErrorKind};
use crate::keys::{CATALOG_PREFIX, is_catalog_key};
use crate::model::LoadedManifest;

/// How often starting over is tried while others publish.
const MOST_TRIES: u32 = 20;
/// A damaged manifest that claims a later generation than this leaves no room to count on.
const MOST_CREDIBLE: u64 = 1 << 62;

/// Where index and bucket differ.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Difference {
    /// Keys in the bucket whose version is not indexed; failed pictures are among them.
    pub to_index: Vec<String>,
    /// Keys in the index that are gone from the bucket.
    pub to_remove: Vec<String>,
}

impl Indexer {
    /// What events would have to name to make the index what the bucket is. A listing shows versions
    /// only: a product id or category that changed in an object's metadata while its bytes stayed is
    /// not among the differences.
    ///
    /// # Errors
    /// [`IndexingError`] when index or bucket cannot be read.
    pub async fn differences(&self) -> Result<Difference, IndexingError> {
        let encoder = self.encoder().await?;
        let current = self.publisher.reader.read(encoder).await?;
        let stored = self.stored_pictures().await?;
        let mut difference = Difference::default();
        for (key, etag) in &stored {
            let indexed = current
                .view
                .locate(key)
                .is_some_and(|at| current.view.meta(at).etag(at.row) == etag);
            if !indexed {
                difference.to_index.push(key.clone());
            }
        }
        difference.to_remove = live_keys(&current)
            .filter(|key| !stored.contains_key(*key))
            .map(str::to_owned)
            .collect();
        Ok(difference)
    }

    async fn stored_pictures(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let mut stored = BTreeMap::new();
        let mut after = None;
        loop {
            let page = self
                .ports
                .pictures
                .list(CATALOG_PREFIX, after.as_deref())
                .await?;
            let pictures = page.items.into_iter().filter(|p| is_catalog_key(&p.key));
            stored.extend(pictures.map(|picture| (picture.key, picture.etag)));
            after = page.next;
            if after.is_none() {
                return Ok(stored);
            }
        }
    }

    /// Replaces the published index by an empty one of this encoder, whatever state it is in: the way
    /// out of a damaged index or one of another encoder. Every picture must be indexed again.
    ///
    /// # Errors
    /// [`IndexingError`], also when others keep publishing at the same time.
    pub async fn start_over(&self) -> Result<u64, IndexingError> {
        let encoder = self.encoder().await?;
        for _ in 0..MOST_TRIES {
            let mut manifest =
                Manifest::empty(&encoder.name, encoder.fingerprint, encoder.dimensions);
            let etag = match self.ports.manifests.load(None).await? {
                LoadedManifest::Found { etag, bytes } => {
                    manifest.generation = generation_of(&bytes);
                    Some(etag)
                }
                LoadedManifest::Missing | LoadedManifest::Unchanged => None,
            };
            manifest.generation += 1;
            let bytes = Bytes::from(manifest.encode());
            match self.ports.manifests.swap(bytes, etag.as_deref()).await {
                Ok(_) => return Ok(manifest.generation),
                Err(error) if error.kind == StoreErrorKind::Conflict => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(IndexingError::Contended { tries: MOST_TRIES })
    }
}

fn live_keys(current: &Current) -> impl Iterator<Item = &str> {
    let view = &current.view;
    view.live_rows().map(|at| view.meta(at).key(at.row))
}

/// The generation that a manifest, possibly damaged or foreign, claims.
fn generation_of(bytes: &[u8]) -> u64 {
    if let Ok(manifest) = Manifest::decode(bytes) {
        return manifest.generation.min(MOST_CREDIBLE);
    }
    let value: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
    value
        .and_then(|value| value["manifest"]["generation"].as_u64())
        .filter(|&generation| generation < MOST_CREDIBLE)
        .unwrap_or(0)
}
