//! Removing encoders that no index has.
//!
//! An encoder is named by its content, so it can be stored again under the same name, and a late removal could hit the
//! newer copy; the fence of the segments, whose names are used once, does not help here. Instead, each side looks again.
//! A writer stores an encoder before the first manifest names it, and looks afterwards that it is there. A collector
//! reads the manifest just before it removes an encoder and just after, and puts it back if an index has it by then.
//!
//! One case remains: a collector that ends after the removal and before it puts the encoder back, when a writer named
//! the encoder between the two reads and looked before the removal. Then a process that has the encoder configured
//! stores it again when it starts, and `lookalike status` reports that it is missing.

use std::time::SystemTime;

use lookalike_core::error::StoreError;
use lookalike_core::model::StoredEncoder;
use lookalike_index::{Fingerprint, Manifest};
use tracing::info;

use crate::error::IndexingError;
use crate::indexer::Indexer;

impl Indexer {
    /// Removes the encoders among `stored` that neither an index has nor a generation that is kept, and that are older
    /// than `safe_since`.
    pub(crate) async fn collect_encoders(
        &self,
        stored: Vec<StoredEncoder>,
        safe_since: SystemTime,
    ) -> Result<(), IndexingError> {
        let old = stored
            .into_iter()
            .filter(|encoder| encoder.modified < safe_since);
        for StoredEncoder { fingerprint, .. } in old {
            if !self.is_of_index(fingerprint).await? && !self.is_of_kept(fingerprint).await? {
                self.remove_encoder(fingerprint).await?;
            }
        }
        Ok(())
    }

    async fn remove_encoder(&self, fingerprint: Fingerprint) -> Result<(), IndexingError> {
        let files = self.ports.encoders.stored_files(fingerprint).await?;
        if self.is_of_index(fingerprint).await? {
            return Ok(());
        }
        self.ports.encoder_store.delete(fingerprint).await?;
        match files {
            Some(files) if self.is_of_index(fingerprint).await? => {
                self.ports.encoders.put_back(fingerprint, &files).await?;
                info!(%fingerprint, "an encoder that has just been named stays");
            }
            _ => info!(%fingerprint, "an encoder that no index has is removed"),
        }
        Ok(())
    }

    /// Stores the configured encoder again if it is missing although a manifest names it now.
    pub(crate) async fn keep_named_encoder(
        &self,
        fingerprint: Fingerprint,
    ) -> Result<(), IndexingError> {
        if !self.ports.encoders.is_stored(fingerprint).await? {
            self.ports.encoders.store_configured().await?;
        }
        Ok(())
    }

    /// True if an index has this encoder now, or if nothing is published: then nothing is known.
    async fn is_of_index(&self, fingerprint: Fingerprint) -> Result<bool, IndexingError> {
        let published = self.publisher.reader.published().await?;
        let manifest = published.manifest.as_ref();
        Ok(manifest.is_none_or(|manifest| manifest.fingerprints().any(|f| f == fingerprint)))
    }

    /// True if a generation that is kept has an index of this encoder.
    async fn is_of_kept(&self, fingerprint: Fingerprint) -> Result<bool, StoreError> {
        for kept in self.ports.generations.list().await? {
            let manifest = self.ports.generations.load(kept.generation).await?;
            let manifest = manifest.and_then(|bytes| Manifest::decode(&bytes).ok());
            if manifest.is_some_and(|manifest| manifest.fingerprints().any(|f| f == fingerprint)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
