//! Comparing the index with the bucket, and giving it up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use lookalike_core::error::{StoreError, StoreErrorKind};
use lookalike_core::keys::{CATALOG_PREFIX, is_catalog_key};
use lookalike_core::model::{ImageVersion, LoadedManifest};
use lookalike_index::{Changed, DoomedSegments, HistoryEntry, Manifest, Role, Step};
use serde::Serialize;

use crate::current::{Current, Published};
use crate::error::IndexingError;
use crate::indexer::Indexer;
use crate::publish::MAX_UNANSWERED;
use crate::vector_base::Touched;

/// Images that are compared at once.
const CHUNK: usize = 1000;
/// The number of times that starting over is tried while others publish.
const MAX_TRIES: u32 = 20;
/// A damaged manifest that claims a later generation than this leaves no room to count on: from 2^53 on, floating
/// point, which many clients read numbers as, does not tell one from the next.
const MAX_CREDIBLE: u64 = 1 << 52;

/// Where the indexes and the bucket differ.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Difference {
    /// Keys in the bucket whose version is not indexed, in the searched index or in the one that was
    /// searched before; failed images are among them.
    pub to_index: Vec<String>,
    /// Keys in any index, or with a record of a failure, that are gone from the bucket.
    pub to_remove: Vec<String>,
    /// Those of [`to_index`](Self::to_index) that failed and that no search finds, as long as they are what failed.
    /// Nothing else is expected of the index.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub known_failures: Vec<String>,
    /// Keys that only the index that is being built lacks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to_build: Vec<String>,
}

impl Indexer {
    /// Returns the keys that must be indexed to bring the indexes in line with the bucket. A listing shows versions
    /// only: a product id or category that changed in an object's metadata while its bytes stayed is
    /// not among the differences; [`relabeled`](Self::relabeled) finds those.
    ///
    /// # Errors
    /// [`IndexingError`] when index or bucket cannot be read.
    pub async fn differences(&self) -> Result<Difference, IndexingError> {
        let (published, indexes) = self.all_indexes().await?;
        // In this order, so that an image that comes and fails meanwhile does not look like one that is gone.
        let failed = self.failed_images().await?;
        let stored = self.stored_images().await?;
        let building = published.manifest.as_ref();
        let building = building.and_then(|manifest| manifest.standby_index(Role::Building));
        let is_building = |index: &Current| {
            building.is_some_and(|side| side.fingerprint == index.manifest.fingerprint)
        };
        let mut difference = Difference::default();
        let images: Vec<(&String, &String)> = stored.iter().collect();
        for images in images.chunks(CHUNK) {
            let keys = images.iter().map(|(key, _)| (*key).clone()).collect();
            let indexes = self.with_keys(&indexes, &keys).await?;
            for (key, etag) in images {
                let lacks = |index: &&Arc<Current>| !index.has_version(key, etag);
                let mut lacking = indexes.iter().filter(lacks).peekable();
                if lacking.peek().is_none() && !indexes.is_empty() {
                    continue;
                }
                match !indexes.is_empty() && lacking.all(|index| is_building(index)) {
                    true => difference.to_build.push((*key).clone()),
                    false => difference.to_index.push((*key).clone()),
                }
                let is_found = indexes.iter().any(|index| index.view.locate(key).is_some());
                if failed.versions.get(*key) == Some(etag) && !is_found {
                    difference.known_failures.push((*key).clone());
                }
            }
        }
        let is_gone = |key: &&str| !stored.contains_key(*key);
        let mut gone: BTreeSet<String> = failed.keys().filter(is_gone).map(str::to_owned).collect();
        let mut parts = self.publisher.reader.parts(&indexes);
        while let Some(part) = parts.next().await? {
            let keys = part.iter().flat_map(|index| index.live_keys());
            gone.extend(keys.filter(is_gone).map(str::to_owned));
        }
        difference.to_remove = gone.into_iter().collect();
        Ok(difference)
    }

    /// Adds the rows of these keys to each index that has a vector base.
    pub(crate) async fn with_keys(
        &self,
        indexes: &[Arc<Current>],
        keys: &BTreeSet<String>,
    ) -> Result<Vec<Arc<Current>>, IndexingError> {
        let mut with_keys = Vec::with_capacity(indexes.len());
        for index in indexes {
            let touched = Touched::Keys(keys);
            with_keys.push(self.publisher.reader.with_touched(index, touched).await?);
        }
        Ok(with_keys)
    }

    /// Returns the keys of images in the searched index that have no record of their version: the process that indexed
    /// them ended before it wrote one, and an event that would be delivered again was lost; or a write that another
    /// process had given up replaced it.
    ///
    /// # Errors
    /// [`IndexingError`] when index or table cannot be read.
    pub async fn unrecorded(&self) -> Result<Vec<String>, IndexingError> {
        let indexes = self.publisher.reader.read_all().await?.readable()?;
        let searched = &indexes[..indexes.len().min(1)];
        let mut parts = self.publisher.reader.parts(searched);
        let mut unrecorded = Vec::new();
        while let Some(part) = parts.next().await? {
            let images: Vec<ImageVersion> = part.iter().flat_map(|index| versions(index)).collect();
            let missing = self.ports.records.missing(&images).await?;
            unrecorded.extend(missing.into_iter().map(|image| image.key));
        }
        Ok(unrecorded)
    }

    /// Returns the manifest and all its indexes, the searched one first.
    pub(crate) async fn all_indexes(
        &self,
    ) -> Result<(Arc<Published>, Vec<Arc<Current>>), IndexingError> {
        self.publisher.reader.read_all().await?.complete()
    }

    /// Returns key and ETag of every catalog image.
    pub(crate) async fn stored_images(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let mut stored = BTreeMap::new();
        let mut after = None;
        loop {
            let page = self
                .ports
                .images
                .list(CATALOG_PREFIX, after.as_deref())
                .await?;
            let images = page.items.into_iter().filter(|p| is_catalog_key(&p.key));
            stored.extend(images.map(|image| (image.key, image.etag)));
            after = page.next;
            if after.is_none() {
                return Ok(stored);
            }
        }
    }

    /// Replaces the published index, and all others beside it, by an empty one of the encoder that this
    /// process was given, whatever state they are in: the way out of a damaged index or one whose
    /// encoder is lost. Every image must be indexed again.
    ///
    /// # Errors
    /// [`IndexingError`], also when others keep publishing at the same time.
    pub async fn start_over(&self) -> Result<u64, IndexingError> {
        let encoder = self.configured().await?;
        self.ports.encoders.store_configured().await?;
        let mut unanswered = 0;
        for _ in 0..MAX_TRIES {
            let mut manifest =
                Manifest::empty(&encoder.name, encoder.fingerprint, encoder.dimensions);
            manifest.forgotten = Some(0);
            let etag = match self.ports.manifests.load(None).await? {
                LoadedManifest::Found { etag, bytes } => {
                    let before = credible(&bytes);
                    self.ports
                        .generations
                        .keep(before.generation, bytes)
                        .await?;
                    manifest.generation = before.generation;
                    manifest.history = before.history;
                    manifest.forgotten = Some(before.forgotten);
                    manifest.doomed = before.doomed;
                    // Its segments stay for a while, for searches and for going back.
                    manifest.retired = self.publisher.retired_by(&manifest, &before.manifest);
                    Some(etag)
                }
                LoadedManifest::Missing | LoadedManifest::Unchanged => None,
            };
            manifest.generation += 1;
            manifest.record(self.ports.host.now(), Changed::step(Step::StartedOver));
            let bytes = Bytes::from(manifest.encode());
            match self.ports.manifests.swap(bytes, etag.as_deref()).await {
                Ok(_) => {
                    self.keep_named_encoder(encoder.fingerprint).await?;
                    return Ok(manifest.generation);
                }
                Err(error) if error.kind == StoreErrorKind::Conflict => {}
                // It may have arrived; writing it once more is right either way.
                Err(error) if error.kind.is_retryable() && unanswered < MAX_UNANSWERED => {
                    unanswered += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(IndexingError::Contended { tries: MAX_TRIES })
    }
}

fn versions(index: &Current) -> impl Iterator<Item = ImageVersion> + '_ {
    let view = &index.view;
    view.addresses().map(|at| {
        let meta = view.meta(at);
        ImageVersion {
            key: meta.key(at.row).to_owned(),
            product_id: meta.product_id(at.row).to_owned(),
            etag: meta.etag(at.row).to_owned(),
        }
    })
}

/// The generation and history that a stored manifest claims.
struct Before {
    generation: u64,
    history: Vec<HistoryEntry>,
    doomed: Vec<DoomedSegments>,
    /// Everything before this manifest if it cannot be read: what it doomed is unknown then.
    forgotten: u64,
    /// None if it cannot be read.
    manifest: Option<Manifest>,
}

/// Returns the claims of a manifest, possibly damaged or foreign, as far as they are credible.
fn credible(bytes: &[u8]) -> Before {
    if let Ok(manifest) = Manifest::decode(bytes) {
        return Before {
            generation: manifest.generation.min(MAX_CREDIBLE),
            history: manifest.history.clone(),
            doomed: manifest.doomed.clone(),
            forgotten: manifest.forgotten_generation(),
            manifest: Some(manifest),
        };
    }
    let value: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
    let claimed = value.and_then(|value| value["manifest"]["generation"].as_u64());
    let generation = claimed.filter(|g| *g < MAX_CREDIBLE).unwrap_or(0);
    Before {
        generation,
        history: Vec::new(),
        doomed: Vec::new(),
        forgotten: generation,
        manifest: None,
    }
}
