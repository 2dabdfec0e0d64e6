//! The rows of indexes in parts, for comparisons that look at all of them: those of segments, which writers know by heart,
//! and then those of vector bases, page by page.

use std::collections::VecDeque;
use std::sync::Arc;

use lookalike_core::vector_base::BaseAddress;

use crate::current::Current;
use crate::error::IndexingError;
use crate::index_reader::IndexReader;

/// Parts of indexes that have not been read yet.
pub(crate) struct Parts<'a> {
    reader: &'a IndexReader,
    /// The indexes, before their segments were returned.
    segments: Option<Vec<Arc<Current>>>,
    bases: VecDeque<(Arc<Current>, BaseAddress)>,
    /// The end of the last page of the first of `bases`.
    after: Option<String>,
}

impl IndexReader {
    /// Returns the parts of these indexes, none of which has rows of its vector base yet.
    pub(crate) fn parts(&self, indexes: &[Arc<Current>]) -> Parts<'_> {
        let bases = indexes.iter().filter_map(|index| {
            let base = BaseAddress::of_serving(&index.manifest)?;
            Some((Arc::clone(index), base))
        });
        Parts {
            reader: self,
            segments: Some(indexes.to_vec()),
            bases: bases.collect(),
            after: None,
        }
    }
}

impl Parts<'_> {
    /// True if there are no more parts.
    pub(crate) fn is_done(&self) -> bool {
        self.segments.is_none() && self.bases.is_empty()
    }

    /// Returns the next part: first all indexes with the rows of their segments, then one index with some rows of its
    /// vector base and no others. `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Arc<Current>>>, IndexingError> {
        if let Some(segments) = self.segments.take() {
            return Ok(Some(segments));
        }
        let Some((current, base)) = self.bases.front() else {
            return Ok(None);
        };
        let engine = &self.reader.vector_base;
        let page = engine.scan(base, self.after.as_deref()).await?;
        let part = Arc::new(current.with_rows(page.items)?.found_alone());
        self.after = page.next;
        if self.after.is_none() {
            self.bases.pop_front();
        }
        Ok(Some(vec![part]))
    }
}
