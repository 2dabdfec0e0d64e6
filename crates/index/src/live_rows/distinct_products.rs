//! Counting the distinct products of several segments.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use twox_hash::XxHash3_64;

use crate::bits::Bits;
use crate::segment::SegmentMeta;

/// Number of product ids that are hashed in about the time of one lookup, a binary search that
/// waits for memory at most steps.
const HASHES_PER_LOOKUP: u64 = 16;

/// Counts the distinct products of all segments; `live` are the products of each segment that
/// count.
pub(super) fn count(segments: &[Arc<SegmentMeta>], live: &[Bits]) -> u64 {
    let sizes = live.iter().map(|products| u64::from(products.count()));
    let Some((largest, max)) = sizes.clone().enumerate().max_by_key(|&(_, size)| size) else {
        return 0;
    };
    // Either the ids of all segments are hashed, or only those of the smaller ones, which are then
    // looked up in the largest segment, the base.
    let others = sizes.sum::<u64>() - max;
    let hash_all = others.saturating_mul(HASHES_PER_LOOKUP) > max;
    let capacity = if hash_all { max } else { others };
    let mut ids: HashSet<u64, BuildHasherDefault<PassThrough>> =
        HashSet::with_capacity_and_hasher(capacity as usize, BuildHasherDefault::default());
    let mut distinct = if hash_all { 0 } else { max };
    for (segment_index, segment) in segments.iter().enumerate() {
        if segment_index == largest && !hash_all {
            continue;
        }
        for product in live[segment_index].iter() {
            let id = segment.product_at(product);
            let is_in_largest = || {
                let found = segments[largest].find_product(id);
                found.is_some_and(|product| live[largest].contains(product))
            };
            let is_new = ids.insert(XxHash3_64::oneshot(id.as_bytes()));
            distinct += u64::from(is_new && (hash_all || !is_in_largest()));
        }
    }
    distinct
}

/// Hashes numbers that are already hashes.
#[derive(Debug, Clone, Copy, Default)]
struct PassThrough(u64);

impl Hasher for PassThrough {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = XxHash3_64::oneshot(bytes);
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}
