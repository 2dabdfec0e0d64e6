//! Ports: what the use cases need from outside, one trait per capability.
//!
//! `lookalike-aws` implements them with the AWS SDK, and `lookalike-test-support` in memory. Every
//! call may fail with a [`StoreError`] whose kind tells whether to retry; implementations do not
//! retry beyond what their SDK does.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use lookalike_encoder::{Area, ImageError, ImageInfo};
use lookalike_index::{Fingerprint, SegmentId};

use crate::error::StoreError;
use crate::model::{
    EncoderFiles, Image, ImageHead, ImageRecord, ImageVersion, KeptGeneration, ListedImage,
    LoadedManifest, Metadata, NewestFailures, Page, Product, StoredEncoder, StoredSegment,
    TableEntry, UploadLink,
};

/// Turns image bytes into an embedding. Synchronous and slow (milliseconds): callers leave the
/// async runtime first.
pub trait ImageEncoder: Send + Sync {
    /// A name for people, e.g. `lite0-general`.
    fn name(&self) -> &str;
    /// Identifies the vectors of this encoder.
    fn fingerprint(&self) -> Fingerprint;
    /// Length of every embedding.
    fn dimensions(&self) -> usize;
    /// Reads the header of an image without decoding it: its size, and the memory that [`embed`](Self::embed) takes.
    /// Fails as `embed` does for whatever the header alone shows.
    fn inspect(&self, image: &[u8]) -> Result<ImageInfo, ImageError>;
    /// Returns the unit-length embedding of a part of an image, `[dimensions]`. Catalog images are
    /// embedded with [`Area::default`].
    fn embed(&self, image: &[u8], area: &Area) -> Result<Vec<f32>, ImageError>;
}

/// The images in the catalog bucket: `catalog/` and `uploads/`.
#[async_trait]
pub trait ImageStore: Send + Sync {
    /// Returns the description of the object that is at `key` now, or `None`.
    async fn head(&self, key: &str) -> Result<Option<ImageHead>, StoreError>;
    /// Returns the image at `key`, or `None`; the body is left out if it is larger than
    /// `max_bytes`.
    async fn get(&self, key: &str, max_bytes: u64) -> Result<Option<Image>, StoreError>;
    /// Lists the images whose keys begin with `prefix`, in key order, one page at a time; `after`
    /// is the `next` of the previous page.
    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Page<ListedImage>, StoreError>;
}

/// Storage of catalog images, for the command line.
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
    /// Replaces the user metadata of an image whose ETag is `etag`; its bytes and media type stay. In S3, the ETag of an
    /// object that was uploaded in parts or is encrypted by KMS changes. Fails with
    /// [`StoreErrorKind::Conflict`](crate::StoreErrorKind::Conflict) if another version is at `key` now, and with
    /// [`StoreErrorKind::NotFound`](crate::StoreErrorKind::NotFound) if none is.
    async fn set_metadata(
        &self,
        key: &str,
        etag: &str,
        metadata: &BTreeMap<String, String>,
    ) -> Result<(), StoreError>;
    /// Removes an image; removing one that does not exist succeeds.
    async fn delete(&self, key: &str) -> Result<(), StoreError>;
}

/// Links with which others reach objects of the catalog bucket for a while.
#[async_trait]
pub trait UrlSigner: Send + Sync {
    /// Returns a URL that answers `GET` with the image at `key`, whether or not it exists.
    async fn fetch(&self, key: &str) -> Result<String, StoreError>;
    /// Returns the minimum time for which a link of [`fetch`](Self::fetch) is valid, as long as the
    /// credentials that signed it are.
    fn good_for(&self) -> Duration;
    /// Returns a link to store an image of this media type and of exactly `bytes` bytes at `key`, once.
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
    /// Reads the manifest, unless it still has the ETag `known`.
    async fn load(&self, known: Option<&str>) -> Result<LoadedManifest, StoreError>;
    /// Replaces the version with ETag `expected` (`None`: there must be no manifest) and returns
    /// the new ETag. Fails with [`StoreErrorKind::Conflict`](crate::StoreErrorKind::Conflict) if
    /// there is another version.
    async fn swap(&self, bytes: Bytes, expected: Option<&str>) -> Result<String, StoreError>;
}

/// The manifests of generations that were replaced, so that any process can search one for a while.
#[async_trait]
pub trait Generations: Send + Sync {
    /// Keeps the manifest of a generation. All writers keep the same bytes for it; doing it again changes nothing, not
    /// even its time.
    async fn keep(&self, generation: u64, manifest: Bytes) -> Result<(), StoreError>;
    /// Returns the manifest of a generation, or `None` if it is not kept.
    async fn load(&self, generation: u64) -> Result<Option<Bytes>, StoreError>;
    /// Lists every generation that is kept, in no particular order.
    async fn list(&self) -> Result<Vec<KeptGeneration>, StoreError>;
    /// Removes the manifest of a generation; removing a missing one succeeds.
    async fn delete(&self, generation: u64) -> Result<(), StoreError>;
}

/// The immutable segment objects of an index.
#[async_trait]
pub trait Segments: Send + Sync {
    /// Writes a new segment.
    async fn put(&self, id: SegmentId, bytes: Bytes) -> Result<(), StoreError>;
    /// Reads the bytes in `range`, fewer if the segment ends before. The range may be hundreds of
    /// megabytes, which [`SegmentMemory`](crate::SegmentMemory) is made for. Fails with
    /// [`StoreErrorKind::NotFound`](crate::StoreErrorKind::NotFound) if the segment was removed.
    async fn get(&self, id: SegmentId, range: Range<u64>) -> Result<Bytes, StoreError>;
}

/// Finding and removing segment objects, for garbage collection.
#[async_trait]
pub trait SegmentStore: Send + Sync {
    /// Lists every stored segment.
    async fn list(&self) -> Result<Vec<StoredSegment>, StoreError>;
    /// Removes a segment; removing a missing one succeeds.
    async fn delete(&self, id: SegmentId) -> Result<(), StoreError>;
}

/// The encoders that are stored beside the index, so that a process with another configured encoder
/// can use that of the index.
#[async_trait]
pub trait StoredEncoders: Send + Sync {
    /// Stores an encoder, again if it is there already, which renews its age. A reader finds all of
    /// its files or none.
    async fn put(&self, fingerprint: Fingerprint, files: &EncoderFiles) -> Result<(), StoreError>;
    /// Returns the files of an encoder, or `None` if they are not all there.
    async fn load(&self, fingerprint: Fingerprint) -> Result<Option<EncoderFiles>, StoreError>;
    /// True if [`load`](Self::load) would find the encoder; does not read the model.
    async fn contains(&self, fingerprint: Fingerprint) -> Result<bool, StoreError>;
}

/// Finding and removing stored encoders, for garbage collection.
#[async_trait]
pub trait EncoderStore: Send + Sync {
    /// Lists every encoder with at least one stored file.
    async fn list(&self) -> Result<Vec<StoredEncoder>, StoreError>;
    /// Removes an encoder; removing a missing one succeeds.
    async fn delete(&self, fingerprint: Fingerprint) -> Result<(), StoreError>;
}

/// The product metadata in the table.
#[async_trait]
pub trait Products: Send + Sync {
    /// Returns the metadata of those `product_ids` that have any. Any number of ids, which may
    /// repeat. Metadata that was stored within the last second may be missing.
    async fn get_many(
        &self,
        product_ids: &[String],
    ) -> Result<HashMap<String, Metadata>, StoreError>;
    /// Returns the same as [`get_many`](Self::get_many), with everything that was stored before the
    /// call.
    async fn latest(&self, product_ids: &[String])
    -> Result<HashMap<String, Metadata>, StoreError>;
    /// Stores products, replacing the metadata of those that exist.
    async fn put_many(&self, products: &[Product]) -> Result<(), StoreError>;
}

/// The outcome of every catalog image.
#[async_trait]
pub trait ImageRecords: Send + Sync {
    /// Stores records, replacing those of the same product and key; if there are two for the same,
    /// the last one.
    async fn put_many(&self, records: &[ImageRecord]) -> Result<(), StoreError>;
    /// Removes the record of `key` under `product_id`; removing a missing one succeeds.
    async fn remove(&self, product_id: &str, key: &str) -> Result<(), StoreError>;
    /// Returns the record of `key` under `product_id`, including everything that was stored before
    /// the call.
    async fn find(&self, product_id: &str, key: &str) -> Result<Option<ImageRecord>, StoreError>;
    /// Returns those of `images` that have no record, or one of another version. Any number, each once.
    async fn missing(&self, images: &[ImageVersion]) -> Result<Vec<ImageVersion>, StoreError>;
}

/// The images that could not be indexed.
#[async_trait]
pub trait Failures: Send + Sync {
    /// Lists the failed images in key order, one page at a time; `after` is the `next` of the
    /// previous page.
    async fn list(&self, after: Option<&str>) -> Result<Page<ImageRecord>, StoreError>;
    /// Returns the failure records of `key`, whatever their product.
    async fn of_key(&self, key: &str) -> Result<Vec<ImageRecord>, StoreError>;
    /// Returns the number of failed images, and at most `most` of the latest ones, latest first.
    async fn newest(&self, most: usize) -> Result<NewestFailures, StoreError>;
}

/// Reads the whole table, to compare it with the bucket and the index.
#[async_trait]
pub trait TableReader: Send + Sync {
    /// Lists the entries of the table, each once, in no particular order, one page at a time;
    /// `after` is the `next` of the previous page. A page may be empty and not the last. Entries
    /// that others write meanwhile, or wrote within the last second, may be missing.
    async fn scan(&self, after: Option<&str>) -> Result<Page<TableEntry>, StoreError>;
}

/// The queue between the catalog bucket and the indexer.
#[async_trait]
pub trait ChangeQueue: Send + Sync {
    /// Makes the indexer look at `keys`, as if each had just been written. Any number of keys.
    async fn push(&self, keys: &[String]) -> Result<(), StoreError>;
    /// Asks for maintenance of the index by an invocation of its own, for which no message about images waits.
    async fn request_maintenance(&self) -> Result<(), StoreError>;
    /// Returns about how many messages wait or are being processed.
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
    /// Makes a count of something.
    pub fn count(name: &'static str, value: f64) -> Self {
        Self {
            name,
            unit: Unit::Count,
            value,
        }
    }

    /// Makes a duration.
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
    /// Percent.
    Percent,
}

/// Metrics that are dropped, for tools without a dashboard.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoMetrics;

impl Metrics for NoMetrics {
    fn emit(&self, _: &[Measurement]) {}
}
