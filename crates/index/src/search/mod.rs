//! Searching a snapshot: candidates by coarse score, ranked by full score, the best picture of each
//! product kept.
//!
//! Segments without a graph, small ones and whatever a graph could not answer are looked at node by
//! node, and that part is exact: more candidates are fetched until what was not fetched cannot, even
//! with the coarse score's error, belong to the answer. A graph answers approximately, but never with
//! too few: it proves nothing about what it did not find, so a search that comes out short is done
//! again, at first by a wider walk, then by looking at every node.

mod candidates;
mod ranking;

use crate::error::IndexError;
use crate::query::QueryForms;
use crate::row::Attributes;
use crate::snapshot::Snapshot;
use crate::view::Location;
use candidates::is_walked;
use ranking::Best;

/// Factor by which more candidates are asked for when those at hand were not enough.
const WIDEN: usize = 4;
/// How often walks may come out short of products before every node is looked at.
const MOST_WALKS: usize = 2;

/// Multiplications of bytes that take a few hundred microseconds at most.
const FEW_MULTIPLICATIONS: usize = 1 << 23;
/// Results of a brief search at most: each takes text to copy and attributes to parse.
const FEW: usize = 128;

/// What to look for.
#[derive(Debug, Clone, Copy)]
pub struct SearchRequest<'a> {
    /// The query's embedding, `[dimensions]`, of any length but zero.
    pub vector: &'a [f32],
    /// How many products.
    pub k: usize,
    /// Least cosine similarity, -1 to 1.
    pub min_score: f32,
    /// A product that is not to be found, such as the one that the query shows.
    pub without_product: Option<&'a str>,
    /// The row of which the query is the embedding, if it is of one: a walk that begins there finds as much with
    /// less work. Where `vector` is another one, less is found.
    pub stored: Option<Location>,
}

/// A product found, through its most similar picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The product.
    pub product_id: String,
    /// Key of its most similar picture.
    pub key: String,
    /// Cosine similarity to that picture, -1 to 1.
    pub score: f32,
    /// That picture's attributes.
    pub attributes: Attributes,
}

/// How an answer was come by: rounds, each with more candidates than the one before.
#[derive(Debug, Default, PartialEq, Eq)]
struct Rounds {
    /// In which a graph was walked.
    walked: usize,
    /// In which every node was looked at.
    exact: usize,
}

impl Snapshot {
    /// The `k` products whose pictures are most similar to the query, best first, ties by key.
    /// Fewer only when there are no more with at least `min_score`.
    ///
    /// # Errors
    /// [`IndexError::Dimensions`] or [`IndexError::NoDirection`] when the vector is not of this index.
    pub fn search(&self, request: SearchRequest<'_>) -> Result<Vec<Hit>, IndexError> {
        let (best, _) = self.find(request)?;
        Ok(best.into_iter().map(|best| self.hit(best)).collect())
    }

    /// The same where that is a matter of a fraction of a millisecond: `None` when it may take longer, or does not
    /// come to an end with its first candidates. A caller that serves others too hands those searches on.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn search_briefly(
        &self,
        request: SearchRequest<'_>,
    ) -> Result<Option<Vec<Hit>>, IndexError> {
        let segments = self.segments().iter();
        let ef = self.first_ef(request.k.min(self.products() as usize), request.stored);
        let comparisons = segments.map(|segment| candidates::comparisons(segment, ef));
        let comparisons = comparisons.fold(0, usize::saturating_add);
        if comparisons.saturating_mul(self.dimensions()) > FEW_MULTIPLICATIONS || request.k > FEW {
            return Ok(None);
        }
        let best = self.find_within(request, 1)?;
        Ok(best.map(|(best, _)| best.into_iter().map(|best| self.hit(best)).collect()))
    }

    /// Whether a search for `k` products begins by walking a graph, which answers approximately,
    /// or looks at every row of every segment, which is exact.
    pub fn walks_a_graph(&self, k: usize) -> bool {
        let ef = self.first_ef(k.min(self.products() as usize), None);
        self.segments().iter().any(|segment| is_walked(segment, ef))
    }

    fn find(&self, request: SearchRequest<'_>) -> Result<(Vec<Best<'_>>, Rounds), IndexError> {
        let found = self.find_within(request, usize::MAX)?;
        Ok(found.unwrap_or_default())
    }

    /// `None` when so many rounds are not enough.
    fn find_within(
        &self,
        request: SearchRequest<'_>,
        most_rounds: usize,
    ) -> Result<Option<(Vec<Best<'_>>, Rounds)>, IndexError> {
        let axes = self.segments().iter().map(|s| s.body().axes());
        let query = QueryForms::new(request.vector, self.dimensions(), axes)?;
        let mut rounds = Rounds::default();
        let wanted = self.wanted(&request);
        if wanted == 0 {
            return Ok(Some((Vec::new(), rounds)));
        }
        let doubt = query.doubt(self.largest_scale());
        // The product that is not to be found is met all the same.
        let products = wanted + usize::from(request.without_product.is_some());
        let mut ef = self.first_ef(products, request.stored);
        let mut walks = MOST_WALKS;
        loop {
            let candidates = self.candidates(&query, ef, walks > 0, request.stored);
            match candidates.walked {
                true => rounds.walked += 1,
                false => rounds.exact += 1,
            }
            let best = self.rank(&query, request, &candidates.found, wanted, doubt);
            let unknown = candidates.left_out + doubt;
            let complete = match best.last() {
                Some(last) if best.len() == wanted => unknown < last.score,
                _ => {
                    // A wider walk helps where pictures of few products took every place, and not where
                    // what lies behind them is not similar enough anyway.
                    let may_help = candidates.worst() + doubt >= request.min_score;
                    walks = if may_help { walks.saturating_sub(1) } else { 0 };
                    !candidates.walked && unknown < request.min_score
                }
            };
            if complete || candidates.left_out == f32::NEG_INFINITY && !candidates.walked {
                return Ok(Some((best, rounds)));
            }
            if rounds.walked + rounds.exact >= most_rounds {
                return Ok(None);
            }
            ef = ef.saturating_mul(WIDEN);
        }
    }

    /// How many products there can be in the answer.
    fn wanted(&self, request: &SearchRequest<'_>) -> usize {
        let products = self.products() as usize;
        if request.k < products {
            return request.k;
        }
        let mut without = request.without_product.into_iter();
        let is_there = without.any(|product| self.rows_of_product(product).next().is_some());
        products - usize::from(is_there)
    }

    fn hit(&self, best: Best<'_>) -> Hit {
        Hit {
            product_id: best.product_id.to_owned(),
            key: best.key.to_owned(),
            score: best.score,
            attributes: self.view().meta(best.at).attributes(best.at.row),
        }
    }
}

#[cfg(test)]
mod tests;
