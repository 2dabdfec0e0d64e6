//! The cost of each way to search. The unit is the time in which a scan compares the query with one
//! node in a long run of nodes.
//!
//! The factors were measured. A plan only compares costs with each other, so they need not be exact
//! on every machine.

/// Cost of one candidate of a walk.
const PER_CANDIDATE: usize = 64;
/// Cost of one candidate of a walk for selected nodes, which has hundreds of candidates: measured
/// values were 17 to 36.
const PER_FILTERED_CANDIDATE: f64 = 24.0;
/// Additional cost of each gap between the nodes of a scan: the node after it was not prefetched.
const PER_RUN: f64 = 1.2;

/// Returns the cost of a walk with `ef` candidates.
pub(crate) fn walk(ef: usize) -> usize {
    ef.saturating_mul(PER_CANDIDATE)
}

/// Returns the cost of a walk for selected nodes that meets `candidates` candidates.
pub(crate) fn filtered_walk(candidates: usize) -> f64 {
    candidates as f64 * PER_FILTERED_CANDIDATE
}

/// Returns the cost of a scan of nodes in `runs` runs without a gap.
pub(crate) fn scan_of_runs(nodes: u32, runs: u32) -> f64 {
    f64::from(nodes) + PER_RUN * f64::from(runs)
}

/// True if a walk with `ef` candidates is faster than a scan of all nodes.
pub(crate) fn walk_beats_scan(ef: usize, nodes: u32) -> bool {
    walk(ef) < nodes as usize
}
