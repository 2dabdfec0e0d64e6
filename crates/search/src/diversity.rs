//! Results that differ from each other.

use crate::answer::FoundProduct;
use crate::vector_math::dot;

/// Chooses `k` candidates one after the other, each for its similarity to the query minus that to the returned and the
/// chosen ones: maximal marginal relevance, Carbonell and Goldstein 1998. Embeddings have unit length; `diversity` is 0
/// (ignore the others) to 1 (ignore the query).
pub(crate) fn diverse(
    candidates: impl Iterator<Item = (Vec<f32>, FoundProduct)>,
    returned: impl Iterator<Item = Vec<f32>>,
    diversity: f32,
    k: usize,
) -> Vec<FoundProduct> {
    let mut left: Vec<Candidate> = candidates.map(Candidate::new).collect();
    let mut is_first = true;
    for embedding in returned {
        left.iter_mut().for_each(|one| one.meet(&embedding));
        is_first = false;
    }
    let mut chosen = Vec::with_capacity(k.min(left.len()));
    while chosen.len() < k && !left.is_empty() {
        let worth = |one: &Candidate| match is_first {
            true => one.found.score,
            false => (1.0 - diversity) * one.found.score - diversity * one.nearest,
        };
        let mut best = 0;
        for position in 1..left.len() {
            if worth(&left[position]) > worth(&left[best]) {
                best = position;
            }
        }
        let one = left.remove(best);
        left.iter_mut().for_each(|other| other.meet(&one.embedding));
        chosen.push(one.found);
        is_first = false;
    }
    chosen
}

/// A result that may be chosen.
struct Candidate {
    found: FoundProduct,
    embedding: Vec<f32>,
    /// Its similarity to the most similar returned or chosen one.
    nearest: f32,
}

impl Candidate {
    fn new((embedding, found): (Vec<f32>, FoundProduct)) -> Self {
        Self {
            found,
            embedding,
            nearest: -1.0,
        }
    }

    fn meet(&mut self, other: &[f32]) {
        self.nearest = self.nearest.max(dot(&self.embedding, other));
    }
}
