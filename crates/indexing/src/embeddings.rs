//! Embeddings of stored rows, read by range, to write rows again without their images.

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use lookalike_core::error::StoreError;
use lookalike_index::{QuantizedVector, RowAddress};

use crate::current::Current;
use crate::error::IndexingError;
use crate::index_reader::IndexReader;

/// Ranges of a segment that are no farther apart are read as one: so many bytes come in less time, and cost
/// less, than another request.
const NEAR: u64 = 128 << 10;
/// Ranges read at once.
const PARALLEL_READS: usize = 16;

impl IndexReader {
    /// Returns the embeddings of rows of an index, in the order of `rows`.
    pub(crate) async fn embeddings(
        &self,
        current: &Current,
        rows: &[RowAddress],
    ) -> Result<Vec<QuantizedVector>, IndexingError> {
        let view = &current.view;
        let found = |at: &RowAddress| {
            let found = current.found.as_ref()?;
            (at.segment + 1 == view.segments().len()).then(|| found.row(at.row).embedding)
        };
        let ranges_of = |at: &RowAddress| view.meta(*at).embedding_ranges(at.row);
        let mut wanted: BTreeMap<usize, Vec<Range<u64>>> = BTreeMap::new();
        for at in rows.iter().filter(|at| found(at).is_none()) {
            wanted.entry(at.segment).or_default().extend(ranges_of(at));
        }
        let reads = wanted.into_iter().flat_map(|(segment, ranges)| {
            let ranges = joined(ranges).into_iter();
            ranges.map(move |range| (segment, range))
        });
        let parts: BTreeMap<(usize, u64), Bytes> = stream::iter(reads)
            .map(|(segment, range)| async move {
                let id = view.segments()[segment].id();
                let bytes = self.segments.get(id, range.clone()).await?;
                Ok::<_, StoreError>(((segment, range.start), bytes))
            })
            .buffer_unordered(PARALLEL_READS)
            .try_collect()
            .await?;
        let read = |segment: usize, range: Range<u64>| {
            let mut before = parts.range(..=(segment, range.start));
            let Some(((_, start), part)) = before.next_back() else {
                return Bytes::new();
            };
            // A part that is shorter than was asked for gives bytes that are too few for an embedding.
            let at = |end: u64| part.len().min((end - start) as usize);
            // A copy, because the part may be much larger.
            Bytes::copy_from_slice(&part[at(range.start)..at(range.end)])
        };
        let embeddings = rows.iter().map(|at| {
            if let Some(embedding) = found(at) {
                return Ok(embedding);
            }
            let parts = ranges_of(at).map(|range| read(at.segment, range));
            Ok(view.meta(*at).embedding_of(parts)?)
        });
        embeddings.collect()
    }
}

/// Returns ranges that have all bytes of `ranges`, ascending, with those joined that are near to each other.
fn joined(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end + NEAR => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_ranges_are_read_as_one() {
        let far = 1000 + NEAR;
        let ranges = vec![far + 1..far + 9, 0..10, 900..1000, 950..960, 0..10];
        assert_eq!(joined(ranges.clone()), [0..1000, far + 1..far + 9]);
        let near = joined([ranges, vec![500..1001, 7..9]].concat());
        assert_eq!((near.len(), near[0].clone()), (1, 0..far + 9));
        assert!(joined(Vec::new()).is_empty());
    }
}
