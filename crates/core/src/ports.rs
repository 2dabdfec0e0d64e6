//! What the use cases need from the world, one trait per capability.
//!
//! Implemented over the AWS SDK in `lookalike-aws` and in memory for tests. Every call may fail with a
//! [`StoreError`] whose kind tells whether to retry; implementations retry nothing themselves beyond
//! what their SDK does.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use lookalike_encoder::{Area, ImageError, ImageInfo};
use lookalike_index::{Fingerprint, SegmentId};

use crate::error::StoreError;
use crate::model::{
    EncoderFiles, Image, ImageHead, ImageRecord, ListedImage, LoadedManifest, Metadata,
    NewestFailures, Page, Product, StoredEncoder, StoredSegment, TableEntry, UploadLink,
};

/// Turns image bytes into an embedding. Synchronous and slow (milliseconds): callers leave the
/// async runtime first.
pub trait ImageEncoder: Send + Sync {
    /// A name for people, e.g. `lite0-clothing`.
    fn name(&self) -> &str;
    /// Identifies the vectors of this encoder.
    fn fingerprint(&self) -> Fingerprint;
    /// Length of every embedding.
    fn dimensions(&self) -> usize;
    /// Reads the header of an image without decoding it: its size, and the memory that [`embed`](Self::embed) takes.
    /// Fails as `embed` does for whatever the header alone shows.
    fn inspect(&self, image: &[u8]) -> Result<ImageInfo, ImageError>;
    /// The unit-length embedding of a part of an image, `[dimensions]`. [`Area::default`] is what a catalog's
    /// images are embedded by.
    fn embed(&self, image: &[u8], area: &Area) -> Result<Vec<f32>, ImageError>;
}

/// The images in the catalog bucket: `catalog/` and `uploads/`.
#[async_trait]
pub trait ImageStore: Send + Sync {
    /// Returns what is at `key` now, or `None` when nothing is.
    async fn head(&self, key: &str) -> Result<Option<ImageHead>, StoreError>;
    /// The image at `key`, or `None`; the body is left out when it is over `max_bytes`.
    async fn get(&self, key: &str, max_bytes: u64) -> Result<Option<Image>, StoreError>;
    /// The images whose keys begin with `prefix`, in key order, a page at a time; `after` is the
    /// `next` of the page before.
    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Page<ListedImage>, StoreError>;
}

/// Storing catalog images, for the command line.
#[async_trait]
pub trait ImageWriter: Send + Sync {
    /// Stores an image with its media type and user metadata.
    async fn put(
        &self,
        key: &str,
        body: Bytes,
        content_type: &str,
        metadata: &BTreeMap<String, String>,
    ) -> Result<(), StoreError>;
    /// Removes an image; removing what is not there succeeds.
    async fn delete(&self, key: &str) -> Result<(), StoreError>;
}

/// Links with which others reach objects of the catalog bucket for a while.
#[async_trait]
pub trait UrlSigner: Send + Sync {
    /// A URL that answers `GET` with the image at `key`, whether or not it exists.
    async fn fetch(&self, key: &str) -> Result<String, StoreError>;
    /// Returns the least time for which a link of [`fetch`](Self::fetch) is good, while the credentials that signed it are.
    fn good_for(&self) -> Duration;
    /// A link to store an image of this media type and of exactly `bytes` bytes at `key`, once.
    async fn upload(
        &self,
        key: &str,
        content_type: &str,
        bytes: u64,
    ) -> Result<UploadLink, StoreError>;
}

/// The one mutable object of an index.
#[async_trait]
pub trait Manifests: Send + Sync {
    /// Reads the manifest, unless it is still the version with ETag `known`.
    async fn load(&self, known: Option<&str>) -> Result<LoadedManifest, StoreError>;
    /// Replaces the version with ETag `expected` (`None`: there must be no manifest) and returns the
    /// new ETag. Fails with [`StoreErrorKind::Conflict`](crate::StoreErrorKind::Conflict) when another
    /// version is there.
    async fn swap(&self, bytes: Bytes, expected: Option<&str>) -> Result<String, StoreError>;
}

/// The immutable segment objects of an index.
#[async_trait]
pub trait Segments: Send + Sync {
    /// Writes a new segment.
    async fn put(&self, id: SegmentId, bytes: Bytes) -> Result<(), StoreError>;
    /// Reads the bytes in `range`, fewer when the segment ends before. The range may be hundreds of
    /// megabytes, for which [`SegmentMemory`](crate::SegmentMemory) is meant. Fails with
    /// [`StoreErrorKind::NotFound`](crate::StoreErrorKind::NotFound) when the segment is gone.
    async fn get(&self, id: SegmentId, range: Range<u64>) -> Result<Bytes, StoreError>;
}

/// Finding and removing segment objects, for garbage collection.
#[async_trait]
pub trait SegmentStore: Send + Sync {
    /// Every stored segment.
    async fn list(&self) -> Result<Vec<StoredSegment>, StoreError>;
    /// Removes a segment; removing what is gone succeeds.
    async fn delete(&self, id: SegmentId) -> Result<(), StoreError>;
}

/// The encoders that are stored beside the index, so that a process that meets an index of another
/// encoder than its own can use that.
#[async_trait]
pub trait StoredEncoders: Send + Sync {
    /// Stores an encoder, again if it is there already, which makes it young. A reader finds all of
    /// its files or none.
    async fn put(&self, fingerprint: Fingerprint, files: &EncoderFiles) -> Result<(), StoreError>;
    /// The files of an encoder, or `None` when they are not all there.
    async fn load(&self, fingerprint: Fingerprint) -> Result<Option<EncoderFiles>, StoreError>;
    /// True if [`load`](Self::load) would find it, without reading the model.
    async fn contains(&self, fingerprint: Fingerprint) -> Result<bool, StoreError>;
}

/// Finding and removing stored encoders, for garbage collection.
#[async_trait]
pub trait EncoderStore: Send + Sync {
    /// Every encoder of which anything is stored.
    async fn list(&self) -> Result<Vec<StoredEncoder>, StoreError>;
    /// Removes an encoder; removing what is gone succeeds.
    async fn delete(&self, fingerprint: Fingerprint) -> Result<(), StoreError>;
}

/// The product metadata in the table.
#[async_trait]
pub trait Products: Send + Sync {
    /// The metadata of those `product_ids` that have any. Any number of ids, which may repeat. What was
    /// stored within the last second may not be seen yet.
    async fn get_many(
        &self,
        product_ids: &[String],
    ) -> Result<HashMap<String, Metadata>, StoreError>;
    /// As [`get_many`](Self::get_many), with everything that was stored before the call.
    async fn latest(&self, product_ids: &[String])
    -> Result<HashMap<String, Metadata>, StoreError>;
    /// Stores products, replacing the metadata of those that exist.
    async fn put_many(&self, products: &[Product]) -> Result<(), StoreError>;
}

/// The outcome of every catalog image.
#[async_trait]
pub trait ImageRecords: Send + Sync {
    /// Stores records, replacing those of the same product and key; of the same twice, the last.
    async fn put_many(&self, records: &[ImageRecord]) -> Result<(), StoreError>;
    /// Removes the record of `key` under `product_id`; removing what is gone succeeds.
    async fn remove(&self, product_id: &str, key: &str) -> Result<(), StoreError>;
    /// The record of `key` under `product_id`, with everything that was stored before the call.
    async fn find(&self, product_id: &str, key: &str) -> Result<Option<ImageRecord>, StoreError>;
    /// Those of `images`, each a product and a key, of which there is no record. Any number, each once.
    async fn missing(
        &self,
        images: &[(String, String)],
    ) -> Result<Vec<(String, String)>, StoreError>;
}

/// The images that could not be indexed.
#[async_trait]
pub trait Failures: Send + Sync {
    /// The failed images in key order, a page at a time; `after` is the `next` of the page before.
    async fn list(&self, after: Option<&str>) -> Result<Page<ImageRecord>, StoreError>;
    /// The failure records of `key`, whatever their product.
    async fn of_key(&self, key: &str) -> Result<Vec<ImageRecord>, StoreError>;
    /// Returns the number of failed images, and at most `most` of those that failed last, the last first.
    async fn newest(&self, most: usize) -> Result<NewestFailures, StoreError>;
}

/// Reads all that is in the table, to be compared with the bucket and the index.
#[async_trait]
pub trait TableReader: Send + Sync {
    /// The entries of the table, each once, in no particular order, a page at a time; `after` is the `next` of the
    /// page before. A page may be empty and not the last. What others write meanwhile may be there or not, and so
    /// may what was written within the last second.
    async fn scan(&self, after: Option<&str>) -> Result<Page<TableEntry>, StoreError>;
}

/// The queue between the catalog bucket and the indexer.
#[async_trait]
pub trait ChangeQueue: Send + Sync {
    /// Has the indexer look at `keys`, as if each had just been written. Any number of keys.
    async fn push(&self, keys: &[String]) -> Result<(), StoreError>;
    /// Has the index maintained by an invocation of its own, which no message about images waits for.
    async fn request_maintenance(&self) -> Result<(), StoreError>;
    /// About how many messages wait or are being worked on.
    async fn waiting(&self) -> Result<u64, StoreError>;
}

/// Numbers for the operator's dashboard.
pub trait Metrics: Send + Sync {
    /// Publishes measurements that belong together.
    fn emit(&self, measurements: &[Measurement]);
}

/// One measured number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measurement {
    /// Its name, e.g. `ImagesIndexed`.
    pub name: &'static str,
    /// The unit of `value`.
    pub unit: Unit,
    /// The number.
    pub value: f64,
}

impl Measurement {
    /// So many of something.
    pub fn count(name: &'static str, value: f64) -> Self {
        Self {
            name,
            unit: Unit::Count,
            value,
        }
    }

    /// A time.
    pub fn milliseconds(name: &'static str, value: f64) -> Self {
        Self {
            name,
            unit: Unit::Milliseconds,
            value,
        }
    }
}

/// The unit of a measurement, named as CloudWatch names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A count of things.
    Count,
    /// Milliseconds.
    Milliseconds,
    /// Bytes.
    Bytes,
    /// Hundredths of a whole.
    Percent,
}

/// Metrics that go nowhere, for tools that have no dashboard.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoMetrics;

impl Metrics for NoMetrics {
    fn emit(&self, _: &[Measurement]) {}
}
