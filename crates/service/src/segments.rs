//! Fetching segments, large ones in parallel ranges.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use lookalike_index::SegmentId;

use crate::error::{StoreError, StoreErrorKind};
use crate::ports::Segments;

/// Segments above this size are fetched in parts of it: one S3 connection carries some 90 MB/s, a
/// function with several fetches several times that.
const PART_BYTES: u64 = 8 << 20;
/// Parts in flight at once.
const PARALLEL_PARTS: usize = 8;

/// The first `bytes` bytes of a segment: all of them, or what a writer needs.
pub(crate) async fn fetch(
    segments: &dyn Segments,
    id: SegmentId,
    bytes: u64,
) -> Result<Bytes, StoreError> {
    if bytes <= PART_BYTES {
        return segments.get(id, 0..bytes).await;
    }
    let mut whole = Vec::new();
    // The length is what a manifest says, which is not to be believed to the point of an abort.
    if whole.try_reserve_exact(bytes as usize).is_err() {
        return Err(StoreError::new(
            StoreErrorKind::Invalid,
            format!("get segment {id}"),
            format!("its {bytes} bytes do not fit into memory"),
        ));
    }
    let starts = (0..bytes).step_by(PART_BYTES as usize);
    let mut parts = stream::iter(starts)
        .map(|start| segments.get(id, start..(start + PART_BYTES).min(bytes)))
        .buffered(PARALLEL_PARTS);
    while let Some(part) = parts.try_next().await? {
        whole.extend_from_slice(&part);
    }
    Ok(Bytes::from(whole))
}
