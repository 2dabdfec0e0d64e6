//! Plans for searching a segment: by walking its graph, or by comparing the query with all nodes or
//! only the selected ones. The plan follows from the number of nodes and of selected nodes, by the
//! [`cost_model`].

use crate::hnsw::search::FilteredResult;
use crate::hnsw::{BeamLimits, cost_model};
use crate::row::RowAddress;
use crate::segment::Segment;
use crate::selection::SelectedRows;
use crate::snapshot::Snapshot;

/// Number of best rows for which the candidates that a graph needs were measured.
const MEASURED_FOR: usize = 10;
/// Candidates of a walk if they were not measured.
const DEFAULT_EF: usize = 96;
/// Additional candidates for each further row.
const EF_PER_ROW: usize = 2;
/// Divisor of the candidates, and their minimum, for a walk that starts at the query's own row.
/// Such a walk need not find the way to that row, and the measured candidates are for rows moved
/// away from their neighbors, with a reserve. With 40 to 112 candidates such walks find the same,
/// within .001, of 20,000 and of 100,000 embeddings of photos.
const STORED_DIVISOR: usize = 4;
const MIN_STORED_EF: usize = 40;
/// Maximum number of images per product that is assumed. Where the average is higher, a few
/// products may have nearly all images, and the rest one each.
const MAX_PER_PRODUCT: f64 = 16.0;
/// Number of nodes that a filtered walk may visit per candidate: with a limit of 12, one in a
/// hundred walks was given up that would have found everything, with 24 none.
const VISITED_PER_CANDIDATE: usize = 16;
/// Number of accepted nodes that a filtered walk keeps for each row that must not be missed, and in
/// addition. If they are spread randomly among the others, more others may lie between the first
/// ones than between the rest.
const KEPT_PER_ROW: usize = EF_PER_ROW + 1;
const KEPT_IN_ADDITION: usize = 8;

/// The work of one round.
#[derive(Debug, Clone, Copy)]
pub(super) struct SearchBudget {
    /// Candidates.
    pub(super) ef: usize,
    /// Number of best rows that must not be missed: those that are met before the results are
    /// complete.
    pub(super) rows: usize,
}

impl SearchBudget {
    pub(super) fn widened(self, factor: usize) -> Self {
        Self {
            ef: self.ef.saturating_mul(factor),
            rows: self.rows.saturating_mul(factor),
        }
    }
}

/// Returns the candidates of the first round: as many as the graph needs, more for more results,
/// and enough to meet them if several rows show each product.
pub(super) fn first_ef(snapshot: &Snapshot, results: usize, stored: Option<RowAddress>) -> usize {
    let segments = snapshot.segments();
    let walked = segments.iter().filter(|segment| is_walked(segment, 0));
    let mut ef = walked.map(required_ef).max().unwrap_or(DEFAULT_EF);
    // A walk cannot start at a row of a segment that is scanned.
    if stored.is_some_and(|address| is_walked(&segments[address.segment], 0)) {
        ef = (ef / STORED_DIVISOR).max(MIN_STORED_EF);
    }
    let more = results.saturating_sub(MEASURED_FOR);
    ef.saturating_add(more.saturating_mul(EF_PER_ROW))
        .max(rows_met(snapshot, results).saturating_mul(EF_PER_ROW))
}

/// Returns the average number of rows that a search meets before it has met `results` results.
pub(super) fn rows_met(snapshot: &Snapshot, results: usize) -> usize {
    (results as f64 * vectors_per_product(snapshot)).ceil() as usize
}

/// Returns the average number of distinct vectors that a search meets before it meets another
/// product.
fn vectors_per_product(snapshot: &Snapshot) -> f64 {
    let segments = snapshot.segments().iter();
    let nodes = segments.map(|segment| u64::from(segment.meta().nodes()));
    let vectors = snapshot.images().min(nodes.sum());
    let average = vectors as f64 / snapshot.products().max(1) as f64;
    average.clamp(1.0, MAX_PER_PRODUCT)
}

/// Returns the candidates that a walk over a segment's graph needs for its recall.
fn required_ef(segment: &Segment) -> usize {
    segment.body().tuned_ef().unwrap_or(DEFAULT_EF)
}

/// True if a segment has a graph, and walking it with `ef` candidates, or as many as it needs, is
/// faster than a scan.
pub(super) fn is_walked(segment: &Segment, ef: usize) -> bool {
    let ef = ef.max(required_ef(segment));
    cost_model::walk_beats_scan(ef, segment.meta().nodes()) && segment.body().graph().is_some()
}

/// A walk for the selected nodes of a segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct FilteredWalkPlan {
    pub(super) limits: BeamLimits,
    /// Number of candidates that it meets if selected nodes are spread randomly among the others.
    candidates: usize,
    required_ef: usize,
}

impl FilteredWalkPlan {
    /// Plans a walk; `None` if comparing the query with all selected nodes is faster, or there is
    /// no graph.
    ///
    /// A selected node is found as reliably as any equally good node. So if every twentieth node is
    /// selected, the best ten selected ones are searched for among the best two hundred of all.
    pub(super) fn new(
        segment: &Segment,
        selected: &SelectedRows,
        budget: SearchBudget,
    ) -> Option<Self> {
        segment.body().graph()?;
        let required_ef = required_ef(segment);
        let count = selected.node_count() as usize;
        let share = count as f64 / f64::from(segment.meta().nodes());
        let kept = kept_nodes(budget.rows, required_ef, share);
        if kept >= count {
            return None;
        }
        let candidates = required_ef.max((kept as f64 / share) as usize);
        let plan = Self {
            limits: BeamLimits {
                accepted: kept,
                any: required_ef,
                max_visited: candidates.saturating_mul(VISITED_PER_CANDIDATE),
            },
            candidates,
            required_ef,
        };
        (plan.cost() * risk(selected, share) < scan_cost(selected)).then_some(plan)
    }

    fn cost(&self) -> f64 {
        cost_model::filtered_walk(self.candidates)
    }

    /// True if the walk met enough nodes to be sure that none of the first rows is missed. If all
    /// selected nodes are far from the query, nearly as many are met before the first as before the
    /// last, and others may be equally far.
    pub(super) fn is_enough(&self, result: &FilteredResult) -> bool {
        let further = result.met_within_rows.saturating_sub(MEASURED_FOR);
        let enough = self
            .required_ef
            .saturating_add(further.saturating_mul(EF_PER_ROW));
        result.met >= enough
    }
}

/// Returns how many selected nodes a walk keeps; `share` is their share of all nodes.
fn kept_nodes(rows: usize, required_ef: usize, share: f64) -> usize {
    let of_required = (required_ef as f64 * share).ceil() as usize;
    rows.saturating_mul(KEPT_PER_ROW)
        .saturating_add(of_required + KEPT_IN_ADDITION)
}

/// Returns a factor, 1 to 3, for the risk that a walk finds too little. Similar nodes are adjacent
/// in memory: if selected nodes are adjacent they are all alike, and then a query is more often far
/// from all of them.
fn risk(selected: &SelectedRows, share: f64) -> f64 {
    let count = f64::from(selected.node_count());
    let runs_if_by_chance = (count * (1.0 - share)).max(1.0);
    let scattered = f64::from(selected.runs()) / runs_if_by_chance;
    1.0 + 2.0 * (1.0 - scattered.min(1.0))
}

fn scan_cost(selected: &SelectedRows) -> f64 {
    cost_model::scan_of_runs(selected.node_count(), selected.runs())
}

/// Estimates the number of nodes with which the first round compares the query.
pub(super) fn comparisons(
    segment: &Segment,
    selected: Option<&SelectedRows>,
    budget: SearchBudget,
) -> usize {
    match selected {
        Some(selected) => match FilteredWalkPlan::new(segment, selected, budget) {
            Some(plan) => plan.cost() as usize,
            None => scan_cost(selected) as usize,
        },
        None if is_walked(segment, budget.ef) => {
            cost_model::walk(budget.ef.max(required_ef(segment)))
        }
        None => segment.meta().nodes() as usize,
    }
}
