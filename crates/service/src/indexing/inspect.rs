//! Comparing the index with the bucket and with itself.

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use lookalike_index::{Manifest, Segment};
use serde::Serialize;

use super::current::Current;
use super::{Indexer, IndexingError};
use crate::error::{StoreError, StoreErrorKind};
use crate::keys::{CATALOG_PREFIX, is_catalog_key};
use crate::model::LoadedManifest;

/// Where index and bucket differ.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Difference {
    /// Keys in the bucket whose version is not indexed; failed pictures are among them.
    pub to_index: Vec<String>,
    /// Keys in the index that are gone from the bucket.
    pub to_remove: Vec<String>,
}

/// What a full check of the stored index found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct VerifyReport {
    /// The generation that was checked.
    pub generation: u64,
    /// Segments read in full.
    pub segments: usize,
    /// Pictures that can be found.
    pub images: u64,
    /// What is wrong, in sentences; empty when all is well.
    pub problems: Vec<String>,
}

impl Indexer {
    /// What events would have to name to make the index what the bucket is.
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

    /// Reads every segment in full and checks checksums, references and that no key is live twice.
    ///
    /// # Errors
    /// [`IndexingError`] when the manifest itself cannot be read; whatever else is wrong is reported.
    pub async fn verify(&self) -> Result<VerifyReport, IndexingError> {
        let encoder = self.encoder().await?;
        let manifest = match self.ports.manifests.load(None).await? {
            LoadedManifest::Found { bytes, .. } => Manifest::decode(&bytes)?,
            LoadedManifest::Missing | LoadedManifest::Unchanged => {
                return Ok(VerifyReport::default());
            }
        };
        manifest.expect_encoder(encoder.fingerprint)?;
        let mut report = VerifyReport {
            generation: manifest.generation,
            ..VerifyReport::default()
        };
        for entry in &manifest.segments {
            let bytes =
                crate::segments::fetch_whole(&*self.ports.segments, entry.id, entry.bytes).await;
            let opened = bytes.map_err(|error| error.to_string()).and_then(|bytes| {
                Segment::open(&bytes, entry.id, manifest.fingerprint)
                    .map_err(|error| error.to_string())
            });
            match opened {
                Ok(_) => report.segments += 1,
                Err(error) => report
                    .problems
                    .push(format!("segment {}: {error}", entry.id)),
            }
        }
        if report.problems.is_empty() {
            let current = self.publisher.reader.read(encoder).await?;
            report.images = current.view.images();
            let mut seen = HashSet::new();
            let twice = live_keys(&current).filter(|key| !seen.insert(*key));
            report
                .problems
                .extend(twice.map(|key| format!("{key:?} is live in two segments")));
        }
        Ok(report)
    }

    /// Replaces the published index by an empty one of this encoder, whatever state it is in: the way
    /// out of a damaged index or one of another encoder. Every picture must be indexed again.
    ///
    /// # Errors
    /// [`IndexingError::Store`], also when somebody publishes at the same moment.
    pub async fn start_over(&self) -> Result<u64, IndexingError> {
        let encoder = self.encoder().await?;
        let mut manifest = Manifest::empty(&encoder.name, encoder.fingerprint, encoder.dimensions);
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
            Ok(_) => Ok(manifest.generation),
            Err(error) if error.kind == StoreErrorKind::Conflict => {
                Err(IndexingError::Contended { tries: 1 })
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn live_keys(current: &Current) -> impl Iterator<Item = &str> {
    let view = &current.view;
    view.live_rows().map(|at| view.meta(at).key(at.row))
}

/// The generation that a manifest, possibly damaged or foreign, claims.
fn generation_of(bytes: &[u8]) -> u64 {
    if let Ok(manifest) = Manifest::decode(bytes) {
        return manifest.generation;
    }
    let value: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
    value
        .and_then(|value| value["manifest"]["generation"].as_u64())
        .unwrap_or(0)
}
