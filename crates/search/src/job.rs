//! A search of one snapshot by query vectors: a page of results, facets and the cursor of the next page.

use lookalike_core::error::{StoreError, StoreErrorKind};
use lookalike_index::{IndexError, MatchThresholds};

use crate::cursor::{Binding, Cursor};
use crate::error::{SearchError, query_error};
use crate::options::SearchOptions;
use crate::page::{Page, Source};
use crate::run_blocking::run_blocking;
use crate::scope::{Attempt, Facets, Scope};
use crate::snapshots::LoadedSnapshot;
use crate::vectors::QueryVector;

/// The inputs of a search.
pub(crate) struct SearchJob {
    pub(crate) loaded: LoadedSnapshot,
    pub(crate) wanted: Vec<QueryVector>,
    pub(crate) scope: Scope,
    pub(crate) match_thresholds: Option<MatchThresholds>,
    pub(crate) cursor: Option<Cursor>,
    pub(crate) binding: Binding,
    pub(crate) embedding_ms: f64,
}

/// The results of a search, before links and metadata are added.
pub(crate) struct SearchOutcome {
    pub(crate) page: Page,
    pub(crate) facets: Option<Facets>,
    pub(crate) next_cursor: Option<String>,
}

impl SearchJob {
    /// Returns the outcome; `None` if a quick attempt is not enough.
    fn run(
        &self,
        options: &SearchOptions,
        attempt: Attempt,
    ) -> Result<Option<SearchOutcome>, IndexError> {
        let snapshot = &self.loaded.snapshot;
        let source = Source {
            snapshot,
            wanted: &self.wanted,
            scope: &self.scope,
            options,
            cursor: self.cursor.as_ref(),
        };
        let Some(mut page) = source.page(attempt)? else {
            return Ok(None);
        };
        let returned = std::mem::take(&mut page.returned);
        let generation = self.loaded.manifest.generation;
        let next_cursor = match returned.is_empty() {
            true => None,
            false => Some(Cursor::encode(generation, returned, &self.binding)),
        };
        Ok(Some(SearchOutcome {
            page,
            facets: self.scope.facets(snapshot, &options.facets)?,
            next_cursor,
        }))
    }
}

/// Finds a page of results.
pub(crate) async fn find(
    work: SearchJob,
    options: &SearchOptions,
) -> Result<SearchOutcome, SearchError> {
    if work.loaded.snapshot.images() == 0 {
        let snapshot = &work.loaded.snapshot;
        return Ok(SearchOutcome {
            facets: (work.scope.facets(snapshot, &options.facets)).map_err(query_error)?,
            page: Page::empty(),
            next_cursor: None,
        });
    }
    // Handing a quick search to another thread and back would take as long as the search.
    if work.wanted.len() == 1 && options.is_plain() {
        let found = work.run(options, Attempt::Quick).map_err(query_error)?;
        if let Some(done) = found {
            return Ok(done);
        }
    }
    let options = options.clone();
    let all = run_blocking(move || work.run(&options, Attempt::Full)).await?;
    let done = all.map_err(query_error)?;
    // Only a quick attempt returns `None`.
    let broken_off = || {
        let kind = StoreErrorKind::Unavailable;
        StoreError::new(kind, "search", "the search was broken off").into()
    };
    done.ok_or_else(broken_off)
}
