//! Searching a snapshot: candidates by coarse score, ranked by full score, the best picture of each
//! product kept, or every picture.
//!
//! Segments without a graph, small ones, what few rows a filter selects and whatever a graph could not
//! answer are looked at node by node, and that part is exact: more candidates are fetched until what was
//! not fetched cannot, even with the coarse score's error, belong to the answer. A graph answers
//! approximately, but never with too few: it proves nothing about what it did not find, so a search that
//! comes out short is done again, at first by a wider walk, then by looking at every node.

mod admission;
mod candidates;
mod pictures;
mod ranking;
mod request;
mod ways;

use crate::error::IndexError;
use crate::query::QueryForms;
use crate::snapshot::Snapshot;
use admission::Admission;
use ranking::Best;
pub use request::{Found, GroupBy, Hit, ScoredPicture, SearchRequest};
use ways::Width;

/// Factor by which more candidates are asked for when those at hand were not enough.
const WIDEN: usize = 4;
/// How often walks may come out short of results before every node is looked at.
const MOST_WALKS: usize = 2;

/// Multiplications of bytes that take a few hundred microseconds at most.
const FEW_MULTIPLICATIONS: usize = 1 << 23;
/// Results of a brief search at most: each takes text to copy and attributes to parse.
const FEW: usize = 128;

/// How an answer was come by: rounds, each with more candidates than the one before.
#[derive(Debug, Default, PartialEq, Eq)]
struct Rounds {
    /// In which a graph was walked.
    walked: usize,
    /// In which every node was looked at.
    exact: usize,
    /// Whether a graph was walked in the last one.
    ends_walking: bool,
}

impl Rounds {
    fn add(&mut self, walked: bool) {
        match walked {
            true => self.walked += 1,
            false => self.exact += 1,
        }
        self.ends_walking = walked;
    }

    fn count(&self) -> usize {
        self.walked + self.exact
    }
}

/// An answer before anything is copied.
#[derive(Default)]
struct Answer<'a> {
    best: Vec<Best<'a>>,
    rounds: Rounds,
}

/// A search, and what it needs all the way.
struct Search<'a> {
    snapshot: &'a Snapshot,
    request: SearchRequest<'a>,
    query: QueryForms,
    /// How much a coarse score may be off.
    doubt: f32,
    admission: Admission<'a>,
    /// Results that there can be at most.
    wanted: usize,
    /// Nodes of a segment that may be compared at most, where walking the graph did not help.
    most_compared: usize,
}

impl Snapshot {
    /// The `k` products whose pictures are most similar to the query, or the `k` most similar pictures, best
    /// first, ties by key. Fewer only when there are no more that are selected and have at least
    /// `min_score`.
    ///
    /// # Errors
    /// [`IndexError::Dimensions`] or [`IndexError::NoDirection`] when the vector is not of this index,
    /// [`IndexError::OtherSnapshot`] when the filter is not.
    pub fn search(&self, request: SearchRequest<'_>) -> Result<Found, IndexError> {
        let answer = self.find(request)?;
        Ok(self.found(answer))
    }

    /// The same where that is a matter of a fraction of a millisecond: `None` when it may take longer, or does not
    /// come to an end with its first candidates. A caller that serves others too hands those searches on.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn search_briefly(&self, request: SearchRequest<'_>) -> Result<Option<Found>, IndexError> {
        let mut search = Search::new(self, request)?;
        let width = search.first_width();
        let segments = self.segments().iter().enumerate();
        let comparisons = segments.map(|(place, segment)| {
            ways::comparisons(segment, search.admission.selected(place), width)
        });
        let comparisons = comparisons.fold(0, usize::saturating_add);
        search.most_compared = FEW_MULTIPLICATIONS / self.dimensions().max(1);
        if comparisons > search.most_compared || request.k > FEW {
            return Ok(None);
        }
        Ok(search.find_within(1).map(|answer| self.found(answer)))
    }

    /// Whether a search for `k` products among all begins by walking a graph, which answers approximately,
    /// or looks at every row of every segment, which is exact.
    pub fn walks_a_graph(&self, k: usize) -> bool {
        let ef = self.first_ef(k.min(self.products() as usize), None);
        let mut segments = self.segments().iter();
        segments.any(|segment| ways::is_walked(segment, ef))
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

    fn hit(&self, best: Best<'_>) -> Hit {
        Hit {
            product_id: best.product_id.to_owned(),
            key: best.key.to_owned(),
            score: best.score,
            attributes: self.view().meta(best.at).attributes(best.at.row),
            at: best.at,
        }
    }
}

impl<'a> Search<'a> {
    fn new(snapshot: &'a Snapshot, request: SearchRequest<'a>) -> Result<Self, IndexError> {
        let axes = snapshot.segments().iter().map(|s| s.body().axes());
        let query = QueryForms::new(request.vector, snapshot.dimensions(), axes)?;
        if let Some(selection) = request.filter {
            selection.check(snapshot)?;
        }
        let admission = Admission::new(snapshot, &request);
        Ok(Self {
            doubt: query.doubt(snapshot.largest_scale()),
            wanted: request.k.min(admission.most()),
            snapshot,
            request,
            query,
            admission,
            most_compared: usize::MAX,
        })
    }

    /// How much is looked for at first.
    fn first_width(&self) -> Width {
        // Among few, what is wanted lies further away than the neighbours of a row.
        let stored = self
            .request
            .stored
            .filter(|_| self.request.filter.is_none());
        Width {
            ef: self.snapshot.first_ef(self.wanted, stored),
            rows: self.snapshot.rows_met(self.wanted),
        }
    }

    /// `None` when so many rounds are not enough, or more nodes would have to be compared than may be.
    fn find_within(self, most_rounds: usize) -> Option<Answer<'a>> {
        let mut rounds = Rounds::default();
        if self.wanted == 0 {
            return Some(Answer::default());
        }
        let mut width = self.first_width();
        let mut walks = MOST_WALKS;
        loop {
            let candidates = self.candidates(width, walks > 0)?;
            rounds.add(candidates.walked);
            let best = self.rank(&candidates.found);
            let unknown = candidates.left_out + self.doubt;
            let complete = match best.last() {
                Some(last) if best.len() == self.wanted => unknown < last.score,
                _ => {
                    // A wider walk helps where pictures of few products took every place, and not where
                    // what lies behind them is not similar enough anyway.
                    let may_help = candidates.worst() + self.doubt >= self.request.min_score;
                    walks = if may_help { walks.saturating_sub(1) } else { 0 };
                    !candidates.walked && unknown < self.request.min_score
                }
            };
            if complete || candidates.left_out == f32::NEG_INFINITY && !candidates.walked {
                return Some(Answer { best, rounds });
            }
            if rounds.count() >= most_rounds {
                return None;
            }
            width = width.wider(WIDEN);
        }
    }
}

#[cfg(test)]
mod tests;
