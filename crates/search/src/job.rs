//! A search of one snapshot by query vectors: a page of results, facets and the cursor of the next page.

use std::sync::Arc;

use lookalike_core::error::{StoreError, StoreErrorKind};
use lookalike_index::{MatchThresholds, RowAddress};

use crate::cursor::{Binding, Cursor, Returned};
use crate::error::{SearchError, query_error};
use crate::options::{GroupBy, SearchOptions};
use crate::page::{Page, Pool, Source};
use crate::run_blocking::run_blocking;
use crate::scope::{Attempt, Facets, Scope};
use crate::snapshots::LoadedSnapshot;
use crate::vector_base::{Reach, Unsupported};
use crate::vector_math::dot;
use crate::vectors::QueryVector;

/// The inputs of a search.
#[derive(Clone)]
pub(crate) struct SearchJob {
    pub(crate) loaded: LoadedSnapshot,
    pub(crate) wanted: Vec<QueryVector>,
    pub(crate) scope: Scope,
    pub(crate) reach: Reach,
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
    /// True if a search of all rows would return the same.
    pub(crate) complete: bool,
}

impl SearchJob {
    /// Returns the outcome; `None` if a quick attempt is not enough.
    fn run(
        &self,
        options: &SearchOptions,
        attempt: Attempt,
    ) -> Result<Option<SearchOutcome>, SearchError> {
        let snapshot = &self.loaded.snapshot;
        let before = self.cursor.as_ref().map(|cursor| &cursor.returned);
        let group_by = options.group_by;
        let returned = before.map_or(Vec::new(), |before| {
            before.rows_in(snapshot, group_by, |at| self.score(at))
        });
        let source = Source {
            snapshot,
            wanted: &self.wanted,
            scope: &self.scope,
            options,
            returned: &returned,
        };
        let Some(mut page) = source.page(attempt).map_err(query_error)? else {
            return Ok(None);
        };
        let mut complete = self.is_complete(&page, options)?;
        let returned = std::mem::take(&mut page.returned);
        let next_cursor = match returned.is_empty() || !complete {
            true => None,
            false => Some(self.next_cursor(returned, group_by)),
        };
        // The next page would begin below what the engine returned.
        complete &= next_cursor.is_some() || self.reach.is_everything(self.scope.min_score());
        let facets = self.scope.facets(snapshot, &options.facets);
        Ok(Some(SearchOutcome {
            page,
            facets: facets.map_err(query_error)?,
            next_cursor,
            complete,
        }))
    }

    /// Returns the score of a row; `None` if the filter leaves it out.
    fn score(&self, at: RowAddress) -> Option<f32> {
        let direction = self
            .scope
            .admits(at)
            .then(|| self.loaded.snapshot.embedding(at))?;
        let scores = self.wanted.iter().map(|one| dot(&one.vector, &direction));
        scores.reduce(f32::max)
    }

    /// True if a search of all rows would return this page.
    ///
    /// # Errors
    /// [`Unsupported::Filter`] if a condition that the engine cannot apply left too few results.
    fn is_complete(&self, page: &Page, options: &SearchOptions) -> Result<bool, Unsupported> {
        let (found, Pool { wanted, lowest, .. }) = (page.results.len(), page.pool);
        let min_score = self.scope.min_score();
        let is_complete = (self.reach).has_all(page.pool.found, wanted, lowest, min_score);
        // A page after the first gives what there is.
        let is_first = self.cursor.is_none();
        if !is_complete && is_first && found < options.k && !self.reach.unnarrowed.is_empty() {
            return Err(Unsupported::Filter {
                found,
                wanted: options.k,
                attributes: self.reach.unnarrowed.clone(),
            });
        }
        Ok(is_complete)
    }

    /// Returns the cursor of the page after these images.
    fn next_cursor(&self, returned: Vec<RowAddress>, group_by: GroupBy) -> String {
        let base = self.loaded.manifest.serving_base();
        let none = base.map(|_| Returned::no_names());
        let before = self.cursor.as_ref().map(|cursor| &cursor.returned);
        let snapshot = &self.loaded.snapshot;
        let returned = Returned::new(returned, before.or(none.as_ref()), snapshot, group_by);
        Cursor::encode(self.loaded.manifest.generation, &returned, &self.binding)
    }
}

/// Finds a page of results.
pub(crate) async fn find(
    work: Arc<SearchJob>,
    options: &SearchOptions,
) -> Result<SearchOutcome, SearchError> {
    if work.loaded.snapshot.images() == 0 {
        let snapshot = &work.loaded.snapshot;
        return Ok(SearchOutcome {
            facets: (work.scope.facets(snapshot, &options.facets)).map_err(query_error)?,
            page: Page::empty(),
            next_cursor: None,
            complete: work.reach.is_everything(work.scope.min_score()),
        });
    }
    // Handing a quick search to another thread and back would take as long as the search.
    if work.wanted.len() == 1
        && options.is_plain()
        && let Some(done) = work.run(options, Attempt::Quick)?
    {
        return Ok(done);
    }
    let options = options.clone();
    let all = run_blocking(move || work.run(&options, Attempt::Full)).await?;
    let done = all?;
    // Only a quick attempt returns `None`.
    let broken_off = || {
        let kind = StoreErrorKind::Unavailable;
        StoreError::new(kind, "search", "the search was broken off").into()
    };
    done.ok_or_else(broken_off)
}
