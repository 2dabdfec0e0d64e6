//! All rows of an index with a vector base, in memory: for audits and exports, which look at every row. Reading each
//! row once costs less than searching for each, and everything is found. It takes some 6 KB of memory for each image.

use std::sync::Arc;

use lookalike_index::{
    CompactionPolicy, Fingerprint, IndexError, Segment, SegmentId, Snapshot, rebuild_base,
};

use crate::error::SearchError;
use crate::run_blocking::run_blocking;
use crate::searcher::Searcher;
use crate::snapshots::LoadedSnapshot;

impl Searcher {
    /// Returns this generation with all rows of its vector base, which are searched exactly; without a vector base, it
    /// has them already. `check` is called before every page, with the number of rows that were read, and ends the
    /// reading by an error.
    ///
    /// # Errors
    /// [`SearchError`] if the engine fails, and those of `check`.
    pub(crate) async fn with_every_row<E: From<SearchError>>(
        &self,
        loaded: LoadedSnapshot,
        check: impl Fn(u64) -> Result<(), E>,
    ) -> Result<LoadedSnapshot, E> {
        let Some(base) = loaded.base_address() else {
            return Ok(loaded);
        };
        let mut rows = Vec::new();
        let mut after = None;
        loop {
            check(rows.len() as u64)?;
            let page = self.ports.vector_base.scan(&base, after.as_deref()).await;
            let page = page.map_err(|error| self.engine_error(error))?;
            rows.extend(page.items);
            after = page.next;
            if after.is_none() {
                return Ok(loaded.with_rows(rows).await?);
            }
        }
    }

    /// Returns this generation, of whose vector base all rows were read, as one base that can be searched as fast as any.
    ///
    /// # Errors
    /// [`SearchError`] if the rows do not make a base.
    pub(crate) async fn as_one_base(
        &self,
        loaded: LoadedSnapshot,
    ) -> Result<LoadedSnapshot, SearchError> {
        let Some(base) = loaded.base_address() else {
            return Ok(loaded);
        };
        let (snapshot, id) = (
            Arc::clone(&loaded.snapshot),
            self.ports.host.new_segment_id(),
        );
        let join = move || one_base(&snapshot, id, base.fingerprint);
        let joined = run_blocking(join).await??;
        Ok(loaded.with_snapshot(joined))
    }
}

fn one_base(
    snapshot: &Snapshot,
    id: SegmentId,
    encoder: Fingerprint,
) -> Result<Snapshot, IndexError> {
    let dimensions = snapshot.dimensions();
    let content = rebuild_base(snapshot.live_rows(), snapshot.segments());
    let graph = CompactionPolicy::default().graph_for(content.rows.len());
    let encoded = content.encode_base(id, encoder, dimensions, graph)?;
    drop(content);
    let segment = Segment::open(&encoded.bytes.into(), id, encoder)?;
    Snapshot::new(vec![segment], dimensions)
}
