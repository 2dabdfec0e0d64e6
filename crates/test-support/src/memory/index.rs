//! The index bucket in memory.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use lookalike_core::error::{StoreError, StoreErrorKind};
use lookalike_core::model::{KeptGeneration, LoadedManifest, StoredSegment};
use lookalike_core::ports::{Generations, Manifests, SegmentStore, Segments};
use lookalike_index::SegmentId;

use super::{MemoryCloud, State, time_of};

#[async_trait]
impl Manifests for MemoryCloud {
    async fn load(&self, known: Option<&str>) -> Result<LoadedManifest, StoreError> {
        self.call("load manifest").await?;
        let Some((version, bytes)) = self.state().manifest.clone() else {
            return Ok(LoadedManifest::Missing);
        };
        let etag = version.to_string();
        if known == Some(&etag) {
            return Ok(LoadedManifest::Unchanged);
        }
        self.count_read(bytes.len());
        Ok(LoadedManifest::Found { etag, bytes })
    }

    async fn swap(&self, bytes: Bytes, expected: Option<&str>) -> Result<String, StoreError> {
        let expected = expected.map(str::to_owned);
        let length = bytes.len();
        let swap = move |state: &mut State| {
            let current = state.manifest.as_ref().map(|(v, _)| v.to_string());
            if current != expected {
                return Err(StoreError::new(
                    StoreErrorKind::Conflict,
                    "swap manifest",
                    format!("expected {expected:?}, found {current:?}"),
                ));
            }
            state.versions += 1;
            state.manifest = Some((state.versions, bytes.clone()));
            Ok(state.versions.to_string())
        };
        let etag = self.write("swap manifest", swap).await?;
        self.count_written(length);
        // A fault here means that the answer was lost after the write succeeded.
        self.call("answer swap manifest").await?;
        Ok(etag)
    }
}

#[async_trait]
impl Generations for MemoryCloud {
    async fn keep(&self, generation: u64, manifest: Bytes) -> Result<(), StoreError> {
        self.count_written(manifest.len());
        let clock = Arc::clone(&self.clock);
        self.write("keep generation", move |state| {
            let entry = (manifest.clone(), time_of(&*clock));
            state.generations.entry(generation).or_insert(entry);
            Ok(())
        })
        .await
    }

    async fn load(&self, generation: u64) -> Result<Option<Bytes>, StoreError> {
        self.call("load generation").await?;
        let kept = self.state().generations.get(&generation).cloned();
        let manifest = kept.map(|(manifest, _)| manifest);
        self.count_read(manifest.as_ref().map_or(0, Bytes::len));
        Ok(manifest)
    }

    async fn list(&self) -> Result<Vec<KeptGeneration>, StoreError> {
        self.call("list generations").await?;
        let state = self.state();
        let kept = state.generations.iter();
        Ok(kept
            .map(|(generation, (_, modified))| KeptGeneration {
                generation: *generation,
                modified: *modified,
            })
            .collect())
    }

    async fn delete(&self, generation: u64) -> Result<(), StoreError> {
        self.write("delete generation", move |state| {
            state.generations.remove(&generation);
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl Segments for MemoryCloud {
    async fn put(&self, id: SegmentId, bytes: Bytes) -> Result<(), StoreError> {
        self.count_written(bytes.len());
        let clock = Arc::clone(&self.clock);
        self.write("put segment", move |state| {
            let entry = (bytes.clone(), time_of(&*clock));
            state.segments.insert(id, entry);
            Ok(())
        })
        .await
    }

    async fn get(&self, id: SegmentId, range: Range<u64>) -> Result<Bytes, StoreError> {
        self.call("get segment").await?;
        let state = self.state();
        let Some((bytes, _)) = state.segments.get(&id) else {
            return Err(StoreError::new(
                StoreErrorKind::NotFound,
                format!("get segment {id}"),
                "there is no such segment",
            ));
        };
        let end = (range.end as usize).min(bytes.len());
        let part = bytes.slice((range.start as usize).min(end)..end);
        self.count_read(part.len());
        Ok(part)
    }
}

#[async_trait]
impl SegmentStore for MemoryCloud {
    async fn list(&self) -> Result<Vec<StoredSegment>, StoreError> {
        self.call("list segments").await?;
        let state = self.state();
        let segments = state.segments.iter();
        Ok(segments
            .map(|(id, (bytes, modified))| StoredSegment {
                id: *id,
                bytes: bytes.len() as u64,
                modified: *modified,
            })
            .collect())
    }

    async fn delete(&self, id: SegmentId) -> Result<(), StoreError> {
        self.write("delete segment", move |state| {
            state.segments.remove(&id);
            Ok(())
        })
        .await
    }
}
