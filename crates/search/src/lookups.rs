//! Lookups, which need no query image: one product, an upload link, the state of the index.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use lookalike_core::error::StoreError;
use lookalike_core::keys::UPLOADS_PREFIX;
use lookalike_core::model::{NewestFailures, UploadLink};
use lookalike_core::ports::ImageEncoder;
use lookalike_core::time::rfc3339;
use lookalike_encoder::{ImageFormat, MAX_BYTES};
use lookalike_index::{Attributes, HistoryEntry, Recall, Snapshot, StandbyIndex, ValueTypes};
use tokio::time::Instant;

use crate::answer::{LinkedImage, ProductView};
use crate::error::{SearchError, no_encoder};
use crate::hydrate::with_attributes;
use crate::images::too_many_bytes;
use crate::index_info::{
    EncoderInfo, FailedImage, FilterableInfo, GenerationInfo, IndexInfo, IndexState, SegmentInfo,
    StandbyInfo,
};
use crate::run_blocking::run_blocking;
use crate::searcher::Searcher;
use crate::snapshots::LoadedSnapshot;
use crate::vector_base_info::VectorBaseInfo;

/// Maximum number of failed images in the state of the index: enough to see what is wrong, few enough for a page.
const MAX_FAILURES: usize = 50;
/// Age up to which they answer the next caller: they are read one by one, and the shoppers' page asks too.
const MAX_FAILURES_AGE: Duration = Duration::from_secs(5);

impl Searcher {
    /// Returns a product's metadata and images.
    ///
    /// # Errors
    /// [`SearchError::UnknownProduct`] when neither table nor index knows it.
    pub async fn product(&self, product_id: &str) -> Result<ProductView, SearchError> {
        let ids = [product_id.to_owned()];
        let (loaded, known) =
            tokio::join!(self.snapshots.current(), self.ports.products.get_many(&ids));
        let (loaded, mut known) = (loaded?, known?);
        let loaded = self.with_products(loaded, &ids).await?;
        let metadata = known.remove(product_id);
        let (snapshot, wanted) = (Arc::clone(&loaded.snapshot), product_id.to_owned());
        let of_images = run_blocking(move || images_of(&snapshot, &wanted)).await?;
        if metadata.is_none() && of_images.is_empty() {
            return Err(SearchError::UnknownProduct(product_id.to_owned()));
        }
        let attributes = of_images.values().next().cloned().unwrap_or_default();
        let mut images = Vec::with_capacity(of_images.len());
        for key in of_images.into_keys() {
            let url = Some(self.ports.links.fetch(&key).await?);
            images.push(LinkedImage { key, url });
        }
        Ok(ProductView {
            product_id: product_id.to_owned(),
            metadata: with_attributes(metadata.unwrap_or_default(), attributes),
            images,
        })
    }

    /// Returns a link with which a browser may store an image of `bytes` bytes under `uploads/`, to search with its key.
    ///
    /// # Errors
    /// [`SearchError::UnsupportedMediaType`] if the encoder cannot read such images, [`SearchError::Image`] if it reads
    /// no image of that size.
    pub async fn create_upload(
        &self,
        content_type: &str,
        bytes: u64,
    ) -> Result<UploadLink, SearchError> {
        if bytes > MAX_BYTES as u64 {
            return Err(too_many_bytes(bytes));
        }
        let format = ImageFormat::ALL
            .into_iter()
            .find(|format| format.media_type().eq_ignore_ascii_case(content_type))
            .ok_or_else(|| SearchError::UnsupportedMediaType(content_type.to_owned()))?;
        let media_type = format.media_type();
        let extension = media_type.trim_start_matches("image/");
        let key = format!(
            "{UPLOADS_PREFIX}{}.{extension}",
            self.ports.host.new_segment_id()
        );
        Ok(self.ports.links.upload(&key, media_type, bytes).await?)
    }

    /// Returns the time for which links in an answer of now stay valid at least.
    pub fn links_good_for(&self) -> Duration {
        self.ports.links.good_for()
    }

    /// Returns the state of the index that a search would use now.
    ///
    /// # Errors
    /// [`SearchError`] when the index cannot be read.
    pub async fn index_state(&self) -> Result<IndexState, SearchError> {
        Ok(self.snapshots.current().await?.state())
    }

    /// Returns the state of the index in full.
    ///
    /// # Errors
    /// [`SearchError`] when index, encoder or table cannot be read.
    pub async fn index_info(&self) -> Result<IndexInfo, SearchError> {
        let (loaded, configured, failed) = tokio::join!(
            self.snapshots.current(),
            self.ports.encoders.configured(),
            self.newest_failures()
        );
        let (loaded, failed) = (loaded?, failed?);
        let manifest = &loaded.manifest;
        let (own, configured) = match manifest.generation {
            0 => (info_of(&*configured.map_err(no_encoder)?), None),
            _ => {
                let own = EncoderInfo {
                    name: manifest.encoder.clone(),
                    fingerprint: manifest.fingerprint,
                    dimensions: manifest.dimensions,
                };
                // The state of the index is known even if the configured encoder cannot be loaded.
                let configured = configured.ok().map(|embedder| info_of(&*embedder));
                (own, configured)
            }
        };
        let mut standby_indexes = Vec::with_capacity(manifest.standby_indexes.len());
        for index in &manifest.standby_indexes {
            standby_indexes.push(self.standby_info(index).await?);
        }
        let filterable = self.filterable_info(&loaded).await?;
        Ok(IndexInfo {
            state: loaded.state(),
            filterable,
            configured_encoder: configured.filter(|c| c.fingerprint != own.fingerprint),
            encoder: own,
            segments: manifest
                .segments
                .iter()
                .map(|entry| SegmentInfo {
                    kind: entry.kind.name(),
                    rows: u64::from(entry.rows),
                    bytes: entry.bytes,
                    recall: entry.recall.map(Recall::share),
                })
                .collect(),
            vector_base: VectorBaseInfo::of(manifest),
            failed: failed.count,
            failures: (failed.records.into_iter())
                .filter_map(FailedImage::of)
                .collect(),
            standby_indexes,
            history: manifest.history.iter().rev().map(generation_info).collect(),
        })
    }

    async fn newest_failures(&self) -> Result<NewestFailures, StoreError> {
        let asked = Instant::now();
        // The lock is not held while the table answers, so a slow table does not delay every caller.
        let known = self
            .failures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some((before, newest)) = known
            && asked.duration_since(before) < self.refresh.min(MAX_FAILURES_AGE)
        {
            return Ok(newest);
        }
        let newest = self.ports.failures.newest(MAX_FAILURES).await?;
        *self.failures.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((asked, newest.clone()));
        Ok(newest)
    }

    async fn filterable_info(
        &self,
        loaded: &LoadedSnapshot,
    ) -> Result<Vec<FilterableInfo>, SearchError> {
        let shared = Arc::clone(&loaded.snapshot);
        // The first look at attributes parses those of every row.
        let known = run_blocking(move || shared.attributes().to_vec()).await?;
        let known = (known.into_iter())
            .map(|attribute| (attribute.name, (attribute.types, attribute.products)));
        let mut all: BTreeMap<String, (ValueTypes, u64)> = known.collect();
        for name in self.filterable.names() {
            all.entry(name.to_owned()).or_default();
        }
        // Nothing counts the values of a vector base, but its layout tells where there are numbers.
        let base = loaded.manifest.serving_base();
        for field in base.iter().flat_map(|entry| &entry.layout.fields) {
            let (types, _) = all.entry(field.attribute.clone()).or_default();
            types.numbers |= !field.bands.is_empty();
        }
        let info = |(name, (types, products)): (String, (ValueTypes, u64))| FilterableInfo {
            name,
            types: types.to_string(),
            products,
        };
        Ok(all.into_iter().map(info).collect())
    }

    async fn standby_info(&self, index: &StandbyIndex) -> Result<StandbyInfo, SearchError> {
        let rows = index.segments.iter().map(|entry| u64::from(entry.rows));
        Ok(StandbyInfo {
            role: index.role.name(),
            encoder: EncoderInfo {
                name: index.encoder.clone(),
                fingerprint: index.fingerprint,
                dimensions: index.dimensions,
            },
            rows: rows.sum(),
            bytes: index.segments.iter().map(|entry| entry.bytes).sum(),
            available: self.ports.encoders.has(index.fingerprint).await?,
        })
    }
}

fn generation_info(entry: &HistoryEntry) -> GenerationInfo {
    let changed = entry.changed;
    GenerationInfo {
        generation: entry.generation,
        published: rfc3339(entry.at),
        summary: changed.to_string(),
        added: changed.added,
        replaced: changed.replaced,
        removed: changed.removed,
        updated: changed.updated,
        merged: changed.merged,
        rebuilt: changed.rebuilt,
        step: changed.step,
        standby: changed.standby,
    }
}

fn info_of(embedder: &dyn ImageEncoder) -> EncoderInfo {
    EncoderInfo {
        name: embedder.name().to_owned(),
        fingerprint: embedder.fingerprint(),
        dimensions: embedder.dimensions(),
    }
}

/// Returns the attributes of a product's images by key.
fn images_of(snapshot: &Snapshot, product_id: &str) -> BTreeMap<String, Attributes> {
    let rows = snapshot.rows_of_product(product_id);
    rows.map(|location| {
        let meta = snapshot.live_rows().meta(location);
        let key = meta.key(location.row).to_owned();
        (key, meta.attributes(location.row))
    })
    .collect()
}
