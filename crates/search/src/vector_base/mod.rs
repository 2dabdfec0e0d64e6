//! Indexes with a vector base: the rows that a search needs are read from the engine and joined with the deltas, so that
//! whatever follows searches one snapshot, as it would any other.

mod every_row;
mod nearest;
mod reach;
mod unsupported;

use std::sync::Arc;

use lookalike_core::error::StoreError;
use lookalike_core::ports::Measurement;
use lookalike_core::vector_base::BaseAddress;
use lookalike_index::{Row, Segment};

pub(crate) use self::reach::Reach;
pub use self::unsupported::Unsupported;
use crate::error::SearchError;
use crate::run_blocking::run_blocking;
use crate::searcher::Searcher;
use crate::snapshots::LoadedSnapshot;

impl Searcher {
    /// Returns the rows of these products in the vector base; none if the index has none.
    ///
    /// # Errors
    /// [`SearchError`] if the engine fails.
    pub(crate) async fn rows_of_products(
        &self,
        loaded: &LoadedSnapshot,
        product_ids: &[String],
    ) -> Result<Vec<Row>, SearchError> {
        match loaded.base_address() {
            Some(base) if !product_ids.is_empty() => {
                let rows = self.ports.vector_base.of_products(&base, product_ids);
                rows.await.map_err(|error| self.engine_error(error))
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Counts a failure of the engine, which an alarm watches, and returns it as the error of the search.
    fn engine_error(&self, error: StoreError) -> SearchError {
        let failures = Measurement::count("VectorBaseFailures", 1.0);
        self.ports.metrics.emit(&[failures]);
        error.into()
    }

    /// Adds the rows of these products from the vector base, if the index has one.
    ///
    /// # Errors
    /// [`SearchError`] if the engine fails.
    pub(crate) async fn with_products(
        &self,
        loaded: LoadedSnapshot,
        product_ids: &[String],
    ) -> Result<LoadedSnapshot, SearchError> {
        let rows = self.rows_of_products(&loaded, product_ids).await?;
        match rows.is_empty() {
            true => Ok(loaded),
            false => loaded.with_rows(rows).await,
        }
    }

    /// Adds the row of an image from the vector base, if the index has one.
    ///
    /// # Errors
    /// [`SearchError`] if the engine fails.
    pub(crate) async fn with_image(
        &self,
        loaded: LoadedSnapshot,
        key: &str,
    ) -> Result<LoadedSnapshot, SearchError> {
        let Some(base) = loaded.base_address() else {
            return Ok(loaded);
        };
        let keys = [key.to_owned()];
        let found = self.ports.vector_base.get(&base, &keys).await;
        let found = found.map_err(|error| self.engine_error(error))?;
        let rows = found.into_values().filter_map(|state| state.row);
        loaded.with_rows(rows.collect()).await
    }
}

impl LoadedSnapshot {
    /// Returns the vector base that is searched, if there is one.
    pub(crate) fn base_address(&self) -> Option<BaseAddress> {
        BaseAddress::of_serving(&self.manifest)
    }

    /// Adds rows that were read from the vector base. Of several with one key, the last counts.
    pub(crate) async fn with_rows(self, rows: Vec<Row>) -> Result<Self, SearchError> {
        let (snapshot, fingerprint) = (Arc::clone(&self.snapshot), self.manifest.fingerprint);
        let dimensions = self.manifest.dimensions;
        let join = move || {
            let found = Segment::of_found(rows, fingerprint, dimensions)?;
            snapshot.with_found(found)
        };
        Ok(self.with_snapshot(run_blocking(join).await??))
    }
}
