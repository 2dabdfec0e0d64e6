//! The rounds of a search, each with more candidates than the one before.

use super::context::Search;
use super::ranking::RankedRow;

/// Factor for the budget of the next round.
const WIDEN: usize = 4;
/// Maximum number of rounds that walk a graph and come out short of results; the next round is a
/// scan.
const MAX_WALKS: usize = 2;

/// Counts of the rounds of a search.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rounds {
    /// Rounds that walked a graph.
    pub(super) walked: usize,
    /// Rounds that only compared node by node.
    pub(super) exact: usize,
    /// True if the last round walked a graph.
    pub(super) ends_walking: bool,
}

impl Rounds {
    fn add(&mut self, walked: bool) {
        if walked {
            self.walked += 1;
        } else {
            self.exact += 1;
        }
        self.ends_walking = walked;
    }

    pub(super) fn count(&self) -> usize {
        self.walked + self.exact
    }
}

/// An answer whose texts are not copied yet.
#[derive(Default)]
pub(super) struct Answer<'a> {
    pub(super) best: Vec<RankedRow<'a>>,
    pub(super) rounds: Rounds,
}

impl<'a> Search<'a> {
    /// Searches in rounds until the answer is complete. `None` if `max_rounds` are not enough, or
    /// more than `max_compared` nodes would have to be compared.
    pub(super) fn find_within(self, max_rounds: usize) -> Option<Answer<'a>> {
        let mut rounds = Rounds::default();
        if self.wanted == 0 {
            return Some(Answer::default());
        }
        let mut budget = self.first_budget();
        let mut walks = MAX_WALKS;
        loop {
            let candidates = self.candidates(budget, walks > 0)?;
            rounds.add(candidates.walked);
            let best = self.rank(&candidates.found);
            // No node that was left out can have a higher full score.
            let unknown = candidates.left_out + self.error_bound;
            let complete = match best.last() {
                Some(last) if best.len() == self.wanted => unknown < last.score,
                _ => {
                    // A wider walk helps if images of few products took every position, but not if
                    // the next nodes would not be similar enough anyway.
                    let may_help = candidates.worst() + self.error_bound >= self.request.min_score;
                    walks = if may_help { walks.saturating_sub(1) } else { 0 };
                    !candidates.walked && unknown < self.request.min_score
                }
            };
            let found_all = candidates.left_out == f32::NEG_INFINITY && !candidates.walked;
            if complete || found_all {
                return Some(Answer { best, rounds });
            }
            if rounds.count() >= max_rounds {
                return None;
            }
            budget = budget.widened(WIDEN);
        }
    }
}
