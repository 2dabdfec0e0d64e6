//! The state of one search, shared by all its steps.

use super::planner::{self, SearchBudget};
use super::request::SearchRequest;
use super::row_filter::RowFilter;
use crate::error::IndexError;
use crate::quantization::QueryForms;
use crate::scored::ScoredNode;
use crate::snapshot::Snapshot;

/// One search.
pub(super) struct Search<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) request: SearchRequest<'a>,
    pub(super) query: QueryForms,
    /// Maximum error of a coarse score.
    pub(super) error_bound: f32,
    pub(super) row_filter: RowFilter<'a>,
    /// Number of results: `k`, or fewer if there are not as many.
    pub(super) wanted: usize,
    /// Maximum number of nodes of a segment to compare if a walk of its graph came out short.
    pub(super) max_compared: usize,
}

impl<'a> Search<'a> {
    /// Checks a request against a snapshot.
    pub(super) fn new(
        snapshot: &'a Snapshot,
        request: SearchRequest<'a>,
    ) -> Result<Self, IndexError> {
        let bases = snapshot.segments().iter().map(|s| s.body().basis());
        let query = QueryForms::new(request.vector, snapshot.dimensions(), bases)?;
        if let Some(selection) = request.filter {
            selection.check(snapshot.live_rows())?;
        }
        let row_filter = RowFilter::new(snapshot, &request);
        Ok(Self {
            error_bound: query.error_bound(snapshot.largest_scale()),
            wanted: request.k.min(row_filter.max_results()),
            snapshot,
            request,
            query,
            row_filter,
            max_compared: usize::MAX,
        })
    }

    /// Returns the budget of the first round.
    pub(super) fn first_budget(&self) -> SearchBudget {
        // A walk from the query's own row finds its neighbors with less work, but selected rows are
        // further away.
        let stored = self
            .request
            .stored
            .filter(|_| self.request.filter.is_none());
        SearchBudget {
            ef: planner::first_ef(self.snapshot, self.wanted, stored),
            rows: planner::rows_met(self.snapshot, self.wanted),
        }
    }

    /// Scores a node in full precision.
    pub(super) fn score(&self, segment_index: usize, node: u32) -> ScoredNode {
        let body = self.snapshot.segments()[segment_index].body();
        let score = body.score(self.query.in_basis(body.basis()), node);
        ScoredNode::new(score, node)
    }
}
