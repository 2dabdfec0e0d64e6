//! Searching a snapshot: parse the request, collect candidates by coarse score, rank them by full score, keep the best
//! image of each product, or every image.
//!
//! Segments without a graph, small ones, selections of few rows, and whatever a graph could not answer are compared
//! node by node. That part is exact: more candidates are fetched until the rest, even with the error of its coarse
//! scores, cannot belong to the answer.
//!
//! A graph answers approximately, but never with too few results. It proves nothing about what it did not find, so a
//! search that comes out short is repeated, at first by a wider walk, then by a scan.

mod candidates;
mod context;
mod found;
mod images;
mod planner;
mod ranking;
mod request;
mod rounds;
mod row_filter;

use crate::error::IndexError;
use crate::snapshot::Snapshot;
use context::Search;
pub use found::{Found, Hit, ScoredImage};
use ranking::RankedRow;
pub use request::{GroupBy, SearchRequest};
use rounds::Answer;

/// Number of multiplications of bytes that take a few hundred microseconds at most.
const BRIEF_MULTIPLICATIONS: usize = 1 << 23;
/// Maximum number of results of a brief search: for each, text is copied and attributes are parsed.
const BRIEF_RESULTS: usize = 128;

impl Snapshot {
    /// Finds the `k` products whose images are most similar to the query, or the `k` most similar images, best
    /// first, ties by key. Returns fewer only if no more are selected and have at least `min_score`.
    ///
    /// # Errors
    /// [`IndexError::Dimensions`] or [`IndexError::NoDirection`] if the vector does not fit this
    /// index, [`IndexError::OtherSnapshot`] if the filter belongs to another snapshot.
    pub fn search(&self, request: SearchRequest<'_>) -> Result<Found, IndexError> {
        let answer = self.find(request)?;
        Ok(self.found(answer))
    }

    /// Searches if that takes a fraction of a millisecond: `None` if it may take longer, or needs a
    /// second round of candidates. A caller that also serves other requests then runs the search
    /// elsewhere.
    ///
    /// # Errors
    /// The errors of [`search`](Self::search).
    pub fn search_briefly(&self, request: SearchRequest<'_>) -> Result<Option<Found>, IndexError> {
        let mut search = Search::new(self, request)?;
        let budget = search.first_budget();
        let segments = self.segments().iter().enumerate();
        let comparisons = segments.map(|(segment_index, segment)| {
            planner::comparisons(segment, search.row_filter.selected(segment_index), budget)
        });
        let comparisons = comparisons.fold(0, usize::saturating_add);
        search.max_compared = BRIEF_MULTIPLICATIONS / self.dimensions().max(1);
        if comparisons > search.max_compared || request.k > BRIEF_RESULTS {
            return Ok(None);
        }
        Ok(search.find_within(1).map(|answer| self.found(answer)))
    }

    /// True if an unfiltered search for `k` products starts by walking a graph, which answers approximately; false if
    /// it compares every row of every segment, which is exact.
    pub fn walks_a_graph(&self, k: usize) -> bool {
        let ef = planner::first_ef(self, k.min(self.products() as usize), None);
        let mut segments = self.segments().iter();
        segments.any(|segment| planner::is_walked(segment, ef))
    }

    fn find<'a>(&'a self, request: SearchRequest<'a>) -> Result<Answer<'a>, IndexError> {
        let found = Search::new(self, request)?.find_within(usize::MAX);
        Ok(found.unwrap_or_default())
    }

    fn found(&self, answer: Answer<'_>) -> Found {
        let best = answer.best.into_iter();
        Found {
            hits: best.map(|best| self.hit(best)).collect(),
            exact: !answer.rounds.ends_walking,
        }
    }

    fn hit(&self, row: RankedRow<'_>) -> Hit {
        let address = row.address;
        Hit {
            product_id: row.product_id.to_owned(),
            key: row.key.to_owned(),
            score: row.score,
            attributes: self.live_rows().meta(address).attributes(address.row),
            address,
        }
    }
}

#[cfg(test)]
mod tests;
