//! The segment objects.

use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use lookalike_core::ports::{SegmentStore, Segments};
use lookalike_core::{SegmentMemory, StoreError, StoredSegment};
use lookalike_index::SegmentId;

use crate::errors;
use crate::s3::bucket::Bucket;
use crate::s3::{listing, multipart};

const CONTENT_TYPE: &str = "application/octet-stream";

/// Minimum size of segments that are uploaded in parts, each of which can fail and be sent again
/// alone.
const MULTIPART_BYTES: usize = 64 << 20;

/// Maximum size of ranges that are read at once, and of the parts of larger ranges: one S3
/// connection transfers some 90 MB/s, several connections of a function several times as much.
const PART_BYTES: usize = 8 << 20;
/// Maximum number of parts that are read at the same time.
const MAX_PARALLEL_PARTS: usize = 8;

/// The segments at `<prefix>/segments/<ulid>.seg`.
#[derive(Debug, Clone)]
pub struct S3Segments {
    bucket: Arc<Bucket>,
    prefix: String,
}

impl S3Segments {
    pub(crate) fn new(bucket: Arc<Bucket>, prefix: &str) -> Self {
        Self {
            bucket,
            prefix: format!("{prefix}/segments/"),
        }
    }

    fn key(&self, id: SegmentId) -> String {
        format!("{}{id}.seg", self.prefix)
    }

    /// Returns the segment id of an object, unless another program put it there.
    fn id(&self, key: &str) -> Option<SegmentId> {
        let name = key.strip_prefix(&self.prefix)?.strip_suffix(".seg")?;
        name.parse().ok()
    }
}

#[async_trait]
impl Segments for S3Segments {
    async fn put(&self, id: SegmentId, bytes: Bytes) -> Result<(), StoreError> {
        let key = self.key(id);
        if bytes.len() >= MULTIPART_BYTES {
            return multipart::put(&self.bucket, &key, bytes, CONTENT_TYPE).await;
        }
        match self.bucket.put(&key, bytes, CONTENT_TYPE).send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let operation = self.bucket.operation("put", &key);
                Err(errors::translate(self.bucket.resource(), operation, error))
            }
        }
    }

    /// Returns the bytes in `range`, fewer if the object ends before: the reader of the segment
    /// knows its length and reports that better.
    async fn get(&self, id: SegmentId, range: Range<u64>) -> Result<Bytes, StoreError> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let key = self.key(id);
        let operation = || self.bucket.operation("get", &key);
        let mut memory = SegmentMemory::new(range.end - range.start, operation)?;
        let starts = range.step_by(PART_BYTES);
        let mut parts = memory.as_mut().chunks_mut(PART_BYTES).zip(starts);
        let mut reading = FuturesOrdered::new();
        let mut filled = 0;
        loop {
            let next = parts.by_ref().take(MAX_PARALLEL_PARTS - reading.len());
            reading.extend(next.map(|(part, start)| self.bucket.read_into(&key, start, part)));
            let Some(read) = reading.next().await else {
                break;
            };
            let read = read?.ok_or_else(|| self.bucket.missing(operation(), &key))?;
            filled += read;
            if read < PART_BYTES {
                // The object ends here: the rest of the range is not requested.
                break;
            }
        }
        drop(reading);
        Ok(memory.into_bytes(filled))
    }
}

#[async_trait]
impl SegmentStore for S3Segments {
    async fn list(&self) -> Result<Vec<StoredSegment>, StoreError> {
        let objects = listing::list_all(&self.bucket, &self.prefix, |list| list).await?;
        let segments = objects.into_iter().filter_map(|object| {
            Some(StoredSegment {
                id: self.id(&object.key)?,
                bytes: object.bytes.unwrap_or(0),
                // Without a time it counts as new, so that it is not removed as too old.
                modified: object.modified.unwrap_or_else(SystemTime::now),
            })
        });
        Ok(segments.collect())
    }

    async fn delete(&self, id: SegmentId) -> Result<(), StoreError> {
        self.bucket.delete(&self.key(id)).await
    }
}
