//! From a query that is known to a page of results.

use lookalike_index::{MatchThresholds, IndexError};

use super::cursor::{Binding, Cursor};
use super::finding::{Facets, Scope};
use super::page::{Page, Source};
use super::snapshots::Loaded;
use super::vectors::Wanted;
use super::worker::off_runtime;
use super::{SearchError, SearchOptions, query_error};
use crate::error::{StoreError, StoreErrorKind};

/// All that an answer is made from.
pub(super) struct Work {
    pub(super) loaded: Loaded,
    pub(super) wanted: Vec<Wanted>,
    pub(super) scope: Scope,
    pub(super) match_thresholds: Option<MatchThresholds>,
    pub(super) cursor: Option<Cursor>,
    pub(super) binding: Binding,
    pub(super) embedding_ms: f64,
}

/// What was found, and what follows from it.
pub(super) struct Done {
    pub(super) page: Page,
    pub(super) facets: Option<Facets>,
    pub(super) next_cursor: Option<String>,
}

impl Work {
    /// `None` when it has to be brief and cannot be.
    fn done(&self, options: &SearchOptions, briefly: bool) -> Result<Option<Done>, IndexError> {
        let snapshot = &self.loaded.snapshot;
        let source = Source {
            snapshot,
            wanted: &self.wanted,
            scope: &self.scope,
            options,
            cursor: self.cursor.as_ref(),
        };
        let Some(mut page) = source.page(briefly)? else {
            return Ok(None);
        };
        let returned = std::mem::take(&mut page.returned);
        let generation = self.loaded.manifest.generation;
        let next_cursor = match returned.is_empty() {
            true => None,
            false => Some(Cursor::encode(generation, returned, &self.binding)),
        };
        Ok(Some(Done {
            page,
            facets: self.scope.facets(snapshot, &options.facets)?,
            next_cursor,
        }))
    }
}

/// Finds a page of results.
pub(super) async fn find(work: Work, options: &SearchOptions) -> Result<Done, SearchError> {
    if work.loaded.snapshot.images() == 0 {
        let snapshot = &work.loaded.snapshot;
        return Ok(Done {
            facets: (work.scope.facets(snapshot, &options.facets)).map_err(query_error)?,
            page: Page::empty(),
            next_cursor: None,
        });
    }
    // Handing a brief search to another thread and back would take as long as the search.
    if work.wanted.len() == 1 && options.is_plain() {
        let found = work.done(options, true).map_err(query_error)?;
        if let Some(done) = found {
            return Ok(done);
        }
    }
    let options = options.clone();
    let all = off_runtime(move || work.done(&options, false)).await?;
    let done = all.map_err(query_error)?;
    // Only one that has to be brief is broken off.
    let broken_off = || {
        let kind = StoreErrorKind::Unavailable;
        StoreError::new(kind, "search", "the search was broken off").into()
    };
    done.ok_or_else(broken_off)
}
