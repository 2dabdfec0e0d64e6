//! Every port in memory, with faults on demand: what tests and benchmarks run the use cases on.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use lookalike_index::SegmentId;

use crate::error::{StoreError, StoreErrorKind};
use crate::model::{
    ImageRecord, ListedPicture, LoadedManifest, Metadata, Page, Picture, PictureHead, Product,
    StoredSegment, UploadLink,
};
use crate::ports::{
    Failures, ImageRecords, Links, Manifests, PictureWriter, Pictures, Products, SegmentShelf,
    Segments,
};

/// Entries in one page of a listing, small so that tests see several.
const PAGE: usize = 100;

/// Decides about every call before it is carried out, by its name such as `swap manifest`.
pub type Fault = Box<dyn Fn(&str) -> Option<StoreErrorKind> + Send + Sync>;

/// A bucket, an index and a table in memory.
#[derive(Default)]
pub struct MemoryCloud {
    state: Mutex<State>,
    fault: Mutex<Option<Fault>>,
    calls: AtomicU64,
}

#[derive(Default)]
struct State {
    pictures: BTreeMap<String, (PictureHead, Bytes)>,
    manifest: Option<(u64, Bytes)>,
    segments: BTreeMap<SegmentId, (Bytes, SystemTime)>,
    products: HashMap<String, Metadata>,
    records: BTreeMap<(String, String), ImageRecord>,
    versions: u64,
}

impl MemoryCloud {
    /// An empty cloud.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Lets calls fail as `fault` decides, until the next call of this.
    pub fn set_fault(&self, fault: Option<Fault>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// Calls made so far.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Stores a picture and returns its ETag.
    pub fn put_picture(
        &self,
        key: &str,
        body: impl Into<Bytes>,
        metadata: BTreeMap<String, String>,
    ) -> String {
        let mut state = self.state();
        state.versions += 1;
        let body = body.into();
        let head = PictureHead {
            etag: format!("\"v{}\"", state.versions),
            bytes: body.len() as u64,
            metadata,
        };
        let etag = head.etag.clone();
        state.pictures.insert(key.to_owned(), (head, body));
        etag
    }

    /// Removes a picture.
    pub fn remove_picture(&self, key: &str) {
        self.state().pictures.remove(key);
    }

    /// Keys and ETags of all pictures.
    pub fn picture_versions(&self) -> BTreeMap<String, String> {
        let state = self.state();
        let pictures = state.pictures.iter();
        pictures
            .map(|(key, (head, _))| (key.clone(), head.etag.clone()))
            .collect()
    }

    /// The manifest object.
    pub fn manifest(&self) -> Option<Bytes> {
        self.state().manifest.as_ref().map(|(_, b)| b.clone())
    }

    /// Replaces the manifest object, as somebody with bucket access could.
    pub fn set_manifest(&self, bytes: impl Into<Bytes>) {
        let mut state = self.state();
        state.versions += 1;
        state.manifest = Some((state.versions, bytes.into()));
    }

    /// Changes a stored segment, as a fault of the disk could; `None` removes it.
    pub fn tamper(&self, id: SegmentId, bytes: Option<Bytes>) {
        let mut state = self.state();
        match bytes {
            Some(bytes) => {
                if let Some((stored, _)) = state.segments.get_mut(&id) {
                    *stored = bytes;
                }
            }
            None => {
                state.segments.remove(&id);
            }
        }
    }

    /// Ages every stored segment.
    pub fn age_segments(&self, by: std::time::Duration) {
        for (_, modified) in self.state().segments.values_mut() {
            *modified -= by;
        }
    }

    /// The stored segments.
    pub fn segments(&self) -> BTreeMap<SegmentId, Bytes> {
        let state = self.state();
        let segments = state.segments.iter();
        segments.map(|(id, (b, _))| (*id, b.clone())).collect()
    }

    /// Every image record.
    pub fn image_records(&self) -> Vec<ImageRecord> {
        self.state().records.values().cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets other tasks run, as a network call would, then fails if a fault says so.
    async fn call(&self, name: &str) -> Result<(), StoreError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        match fault.as_ref().and_then(|fault| fault(name)) {
            Some(kind) => Err(StoreError::new(kind, name, "injected fault")),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Pictures for MemoryCloud {
    async fn head(&self, key: &str) -> Result<Option<PictureHead>, StoreError> {
        self.call("head picture").await?;
        Ok(self.state().pictures.get(key).map(|(head, _)| head.clone()))
    }

    async fn get(&self, key: &str, max_bytes: u64) -> Result<Option<Picture>, StoreError> {
        self.call("get picture").await?;
        let picture = self.state().pictures.get(key).cloned();
        Ok(picture.map(|(head, body)| Picture {
            body: (head.bytes <= max_bytes).then_some(body),
            head,
        }))
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Page<ListedPicture>, StoreError> {
        self.call("list pictures").await?;
        let state = self.state();
        let mut items: Vec<ListedPicture> = state
            .pictures
            .iter()
            .filter(|(key, _)| key.starts_with(prefix) && after.is_none_or(|a| key.as_str() > a))
            .take(PAGE + 1)
            .map(|(key, (head, _))| ListedPicture {
                key: key.clone(),
                etag: head.etag.clone(),
                bytes: head.bytes,
            })
            .collect();
        let more = items.len() > PAGE;
        items.truncate(PAGE);
        let next = items.last().filter(|_| more).map(|last| last.key.clone());
        Ok(Page { items, next })
    }
}

#[async_trait]
impl PictureWriter for MemoryCloud {
    async fn put(
        &self,
        key: &str,
        body: Bytes,
        _content_type: &str,
        metadata: &BTreeMap<String, String>,
    ) -> Result<(), StoreError> {
        self.call("put picture").await?;
        self.put_picture(key, body, metadata.clone());
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.call("delete picture").await?;
        self.remove_picture(key);
        Ok(())
    }
}

#[async_trait]
impl Links for MemoryCloud {
    async fn fetch(&self, key: &str) -> Result<String, StoreError> {
        Ok(format!("memory:///{key}"))
    }

    async fn upload(&self, key: &str, content_type: &str) -> Result<UploadLink, StoreError> {
        Ok(UploadLink {
            url: format!("memory:///{key}"),
            key: key.to_owned(),
            expires_in: 900,
            headers: BTreeMap::from([("content-type".to_owned(), content_type.to_owned())]),
        })
    }
}

#[async_trait]
impl Manifests for MemoryCloud {
    async fn load(&self, known: Option<&str>) -> Result<LoadedManifest, StoreError> {
        self.call("load manifest").await?;
        Ok(match &self.state().manifest {
            None => LoadedManifest::Missing,
            Some((version, _)) if known == Some(&version.to_string()) => LoadedManifest::Unchanged,
            Some((version, bytes)) => LoadedManifest::Found {
                etag: version.to_string(),
                bytes: bytes.clone(),
            },
        })
    }

    async fn swap(&self, bytes: Bytes, expected: Option<&str>) -> Result<String, StoreError> {
        self.call("swap manifest").await?;
        let etag = {
            let mut state = self.state();
            let current = state.manifest.as_ref().map(|(v, _)| v.to_string());
            if current.as_deref() != expected {
                return Err(StoreError::new(
                    StoreErrorKind::Conflict,
                    "swap manifest",
                    format!("expected {expected:?}, found {current:?}"),
                ));
            }
            state.versions += 1;
            state.manifest = Some((state.versions, bytes));
            state.versions.to_string()
        };
        // A fault here is an answer that got lost after the write was done.
        self.call("answer swap manifest").await?;
        Ok(etag)
    }
}

#[async_trait]
impl Segments for MemoryCloud {
    async fn put(&self, id: SegmentId, bytes: Bytes) -> Result<(), StoreError> {
        self.call("put segment").await?;
        let entry = (bytes, SystemTime::now());
        self.state().segments.insert(id, entry);
        Ok(())
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
        Ok(bytes.slice((range.start as usize).min(end)..end))
    }
}

#[async_trait]
impl SegmentShelf for MemoryCloud {
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
        self.call("delete segment").await?;
        self.state().segments.remove(&id);
        Ok(())
    }
}

#[async_trait]
impl Products for MemoryCloud {
    async fn get_many(&self, ids: &[String]) -> Result<HashMap<String, Metadata>, StoreError> {
        self.call("get products").await?;
        let state = self.state();
        let known = ids.iter().filter_map(|id| state.products.get_key_value(id));
        Ok(known.map(|(id, m)| (id.clone(), m.clone())).collect())
    }

    async fn put_many(&self, products: &[Product]) -> Result<(), StoreError> {
        self.call("put products").await?;
        let mut state = self.state();
        for product in products {
            let id = product.product_id.clone();
            state.products.insert(id, product.metadata.clone());
        }
        Ok(())
    }
}

#[async_trait]
impl ImageRecords for MemoryCloud {
    async fn put_many(&self, records: &[ImageRecord]) -> Result<(), StoreError> {
        self.call("put records").await?;
        let mut state = self.state();
        for record in records {
            let id = (record.product_id.clone(), record.key.clone());
            state.records.insert(id, record.clone());
        }
        Ok(())
    }

    async fn remove(&self, product_id: &str, key: &str) -> Result<(), StoreError> {
        self.call("remove record").await?;
        let id = (product_id.to_owned(), key.to_owned());
        self.state().records.remove(&id);
        Ok(())
    }
}

#[async_trait]
impl Failures for MemoryCloud {
    async fn list(&self, after: Option<&str>) -> Result<Page<ImageRecord>, StoreError> {
        self.call("list failures").await?;
        let mut items: Vec<ImageRecord> = self
            .image_records()
            .into_iter()
            .filter(|r| r.failure.is_some() && after.is_none_or(|a| r.key.as_str() > a))
            .collect();
        items.sort_by(|a, b| a.key.cmp(&b.key));
        let more = items.len() > PAGE;
        items.truncate(PAGE);
        let next = items.last().filter(|_| more).map(|last| last.key.clone());
        Ok(Page { items, next })
    }

    async fn of_key(&self, key: &str) -> Result<Vec<ImageRecord>, StoreError> {
        self.call("failures of key").await?;
        let mut records = self.image_records();
        records.retain(|r| r.failure.is_some() && r.key == key);
        Ok(records)
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.call("count failures").await?;
        let records = self.image_records();
        Ok(records.iter().filter(|r| r.failure.is_some()).count() as u64)
    }
}
