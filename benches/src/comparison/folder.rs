//! An index in a folder, in the layout of the index bucket, behind the service's ports.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::ErrorKind;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use lookalike_core::ports::{Manifests, Segments};
use lookalike_core::{LoadedManifest, SegmentMemory, StoreError, StoreErrorKind};
use lookalike_index::{Manifest, Segment, SegmentId, Snapshot};
use lookalike_search::{SearchPorts, SearchSettings, Searcher};
use lookalike_test_support::memory::MemoryCloud;

use crate::AnyError;
use crate::encoder_port;
use crate::shop::Shop;
use crate::vectors::at;

/// `manifest.json` and `segments/<id>.seg` below a folder.
#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    fn manifest(&self) -> PathBuf {
        self.0.join("manifest.json")
    }

    fn segment(&self, id: SegmentId) -> PathBuf {
        self.0.join("segments").join(format!("{id}.seg"))
    }

    /// Writes an index of one segment, replacing an existing one.
    pub(crate) fn write(
        &self,
        manifest: &Manifest,
        id: SegmentId,
        bytes: &[u8],
    ) -> Result<(), AnyError> {
        let path = self.segment(id);
        let folder = self.0.join("segments");
        std::fs::create_dir_all(&folder).map_err(|error| at(&folder, error))?;
        std::fs::write(&path, bytes).map_err(|error| at(&path, error))?;
        let path = self.manifest();
        std::fs::write(&path, manifest.encode()).map_err(|error| at(&path, error))
    }

    /// Loads it, outside of any runtime.
    pub(crate) fn open(&self) -> Result<Snapshot, AnyError> {
        let path = self.manifest();
        let manifest = std::fs::read(&path).map_err(|error| at(&path, error))?;
        let manifest = Manifest::decode(&manifest)?;
        let mut segments = Vec::new();
        for entry in &manifest.segments {
            let path = self.segment(entry.id);
            let bytes = read_segment(&path, 0..entry.bytes)?;
            segments.push(Segment::open(&bytes, entry.id, manifest.fingerprint)?);
        }
        Ok(Snapshot::new(segments, manifest.dimensions)?)
    }

    /// Returns the search function's searcher on it, with the products of a shop.
    pub(crate) fn searcher(&self, shop: Shop) -> Searcher {
        let shop = Arc::new(shop);
        let ports = SearchPorts {
            links: shop.clone(),
            manifests: Arc::new(self.clone()),
            segments: Arc::new(self.clone()),
            products: shop,
            ..MemoryCloud::new().search_ports(encoder_port::embedded().into())
        };
        Searcher::new(ports, SearchSettings::default())
    }
}

#[async_trait]
impl Manifests for Folder {
    async fn load(&self, known: Option<&str>) -> Result<LoadedManifest, StoreError> {
        let path = self.manifest();
        let bytes = match tokio::fs::read(&path).await {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(LoadedManifest::Missing);
            }
            Err(error) => return Err(unreadable(&path, error)),
        };
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let etag = format!("{:x}", hasher.finish());
        if known == Some(&etag) {
            return Ok(LoadedManifest::Unchanged);
        }
        let bytes = bytes.into();
        Ok(LoadedManifest::Found { etag, bytes })
    }

    async fn swap(&self, _: Bytes, _: Option<&str>) -> Result<String, StoreError> {
        Err(read_only("swap manifest"))
    }
}

#[async_trait]
impl Segments for Folder {
    async fn put(&self, _: SegmentId, _: Bytes) -> Result<(), StoreError> {
        Err(read_only("put segment"))
    }

    async fn get(&self, id: SegmentId, range: Range<u64>) -> Result<Bytes, StoreError> {
        let path = self.segment(id);
        let read = move || read_segment(&path, range);
        tokio::task::spawn_blocking(read)
            .await
            .unwrap_or_else(|died| {
                let died = died.to_string();
                Err(StoreError::new(
                    StoreErrorKind::Unavailable,
                    format!("get segment {id}"),
                    died,
                ))
            })
    }
}

/// Reads a part of a file into memory of the same kind as in the function.
fn read_segment(path: &Path, range: Range<u64>) -> Result<Bytes, StoreError> {
    let unreadable = |error| unreadable(path, error);
    let file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    let wanted = range.end.min(length).saturating_sub(range.start);
    let mut memory = SegmentMemory::new(wanted, || format!("read {}", path.display()))?;
    let out = memory.as_mut();
    file.read_exact_at(out, range.start).map_err(unreadable)?;
    Ok(memory.into_bytes(wanted as usize))
}

fn unreadable(path: &Path, error: std::io::Error) -> StoreError {
    let kind = match error.kind() {
        ErrorKind::NotFound => StoreErrorKind::NotFound,
        _ => StoreErrorKind::Unavailable,
    };
    StoreError::new(kind, format!("read {}", path.display()), error.to_string())
}

fn read_only(operation: &str) -> StoreError {
    let reason = "an index under measurement is read-only";
    StoreError::new(StoreErrorKind::Denied, operation, reason)
}
