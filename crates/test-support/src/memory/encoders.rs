//! The stored encoders in memory.

use std::sync::Arc;

use async_trait::async_trait;
use lookalike_core::error::StoreError;
use lookalike_core::model::{EncoderFiles, StoredEncoder};
use lookalike_core::ports::{EncoderStore, StoredEncoders};
use lookalike_index::Fingerprint;

use super::{MemoryCloud, time_of};

#[async_trait]
impl StoredEncoders for MemoryCloud {
    async fn put(&self, fingerprint: Fingerprint, files: &EncoderFiles) -> Result<(), StoreError> {
        let (files, clock) = (files.clone(), Arc::clone(&self.clock));
        self.write("put encoder", move |state| {
            let entry = (files.clone(), time_of(&*clock));
            state.encoders.insert(fingerprint, entry);
            Ok(())
        })
        .await
    }

    async fn load(&self, fingerprint: Fingerprint) -> Result<Option<EncoderFiles>, StoreError> {
        self.call("load encoder").await?;
        let state = self.state();
        let found = state.encoders.get(&fingerprint);
        Ok(found.map(|(files, _)| files.clone()))
    }

    async fn contains(&self, fingerprint: Fingerprint) -> Result<bool, StoreError> {
        self.call("look for encoder").await?;
        Ok(self.state().encoders.contains_key(&fingerprint))
    }
}

#[async_trait]
impl EncoderStore for MemoryCloud {
    async fn list(&self) -> Result<Vec<StoredEncoder>, StoreError> {
        self.call("list encoders").await?;
        let state = self.state();
        let encoders = state.encoders.iter();
        Ok(encoders
            .map(|(fingerprint, (_, modified))| StoredEncoder {
                fingerprint: *fingerprint,
                modified: *modified,
            })
            .collect())
    }

    async fn delete(&self, fingerprint: Fingerprint) -> Result<(), StoreError> {
        self.write("delete encoder", move |state| {
            state.encoders.remove(&fingerprint);
            Ok(())
        })
        .await
    }
}
