//! Types that the ports and the use cases exchange.

use std::collections::BTreeMap;
use std::time::SystemTime;

use bytes::Bytes;
use lookalike_index::{Fingerprint, SegmentId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A product's metadata: column name to typed value (text, number, boolean), as imported.
pub type Metadata = BTreeMap<String, serde_json::Value>;

/// A product with its metadata.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// The id of the product, which is what a customer buys.
    pub product_id: String,
    /// Its metadata; empty if none was imported.
    pub metadata: Metadata,
}

/// The bucket's description of a catalog image, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageHead {
    /// The object's version, the ETag of S3 including quotes.
    pub etag: String,
    /// Size in bytes.
    pub bytes: u64,
    /// User metadata of the object, names in lower case without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
}

/// A version of an image, and the product that it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageVersion {
    /// The image key.
    pub key: String,
    /// The product it shows.
    pub product_id: String,
    /// The object's version, quotes included.
    pub etag: String,
}

/// An image read from the bucket.
#[derive(Debug, Clone)]
pub struct Image {
    /// The description of exactly the version that `body` has.
    pub head: ImageHead,
    /// Its bytes; `None` if `head.bytes` exceeds the caller's limit.
    pub body: Option<Bytes>,
}

/// One object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedImage {
    /// The image key.
    pub key: String,
    /// The object's version, including quotes.
    pub etag: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// One segment object as stored, whether or not a manifest names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSegment {
    /// Its id, from the object's name.
    pub id: SegmentId,
    /// Size in bytes.
    pub bytes: u64,
    /// Time of writing.
    pub modified: SystemTime,
}

/// A replaced generation whose manifest is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptGeneration {
    /// Its number.
    pub generation: u64,
    /// Time of writing, before it was replaced.
    pub modified: SystemTime,
}

/// The files of an encoder: enough to load it anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncoderFiles {
    /// Its name, for people.
    pub name: String,
    /// The ONNX file.
    pub model: Bytes,
    /// The `preprocessor_config.json`.
    pub preprocessing: Bytes,
}

/// One encoder as stored beside the index, whether or not an index needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEncoder {
    /// Its fingerprint, from the folder's name.
    pub fingerprint: Fingerprint,
    /// Time at which the last of its files was written.
    pub modified: SystemTime,
}

/// The answer to reading the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadedManifest {
    /// Nothing was published under this prefix yet.
    Missing,
    /// The manifest still has the ETag that the caller passed.
    Unchanged,
    /// The manifest has another version than the caller knows.
    Found {
        /// The manifest object's ETag, for the next conditional read or write.
        etag: String,
        /// The manifest object.
        bytes: Bytes,
    },
}

/// The record of a catalog image: what was indexed, or why it failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageRecord {
    /// The image key.
    pub key: String,
    /// The product the image shows.
    pub product_id: String,
    /// The object version that was read.
    pub etag: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Fingerprint, in hexadecimal, of the encoder of the index that was searched then.
    pub encoder: String,
    /// Time of the record, as RFC 3339 in UTC.
    pub at: String,
    /// The reason why the image could not be indexed; absent if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// One entry of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableEntry {
    /// A product that has metadata: its id.
    Product(String),
    /// The record of an image.
    Image(ImageRecord),
}

/// The reason why an image could not be indexed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A stable short name, e.g. `corrupt`.
    pub code: String,
    /// A sentence that tells a person what to do.
    pub reason: String,
}

/// The number of failed images, and the latest of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewestFailures {
    /// Number of all failures.
    pub count: u64,
    /// The latest failures, latest first; at the same time, by key.
    pub records: Vec<ImageRecord>,
}

impl NewestFailures {
    /// Adds more failures, and keeps at most `most` records.
    pub fn and(mut self, count: u64, records: Vec<ImageRecord>, most: usize) -> Self {
        self.count += count;
        self.records.extend(records);
        let newest_first = |one: &ImageRecord, other: &ImageRecord| {
            let by_time = other.at.cmp(&one.at);
            by_time.then_with(|| (&one.key, &one.product_id).cmp(&(&other.key, &other.product_id)))
        };
        self.records.sort_by(newest_first);
        self.records.truncate(most);
        self
    }
}

/// One page of a longer list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The entries, in key order unless stated otherwise.
    pub items: Vec<T>,
    /// Token for the next call; absent on the last page.
    pub next: Option<String>,
}

/// A link to store an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Upload)]
pub struct UploadLink {
    /// PUT the image's bytes here.
    pub url: String,
    /// Then search with this key.
    pub key: String,
    /// Seconds until the link expires.
    pub expires_in: u64,
    /// Headers that the PUT must carry.
    pub headers: BTreeMap<String, String>,
}
