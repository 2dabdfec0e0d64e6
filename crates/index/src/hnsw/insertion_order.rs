//! The order in which vectors are inserted and stored.
//!
//! instant-distance shuffles its input, so that the upper layers are a fair sample. Here a part of the sample is chosen, to
//! have something of every kind. For the bottom layer, where most
//! of the work is, a shuffle is the worst order there is: every insertion starts with nothing of what it needs in the
//! cache. Here the vectors are drawn into layers by chance too, but within a layer similar ones follow each other. They
//! do so in the stored segment too, where a walk then finds most of a node's neighbors close by.

use rayon::prelude::*;

use super::instant_distance::{layer_ends, shuffled};
use super::search::max_sample;
use crate::dot;
use crate::quantization::QuantizedVector;
use crate::scored::ScoredNode;

/// Maximum number of groups of similar vectors: distinguishing more takes longer than it saves.
const MAX_GROUPS: usize = 1024;

/// The share of the sample at which walks start that is chosen to be unlike, one in so many.
const SPREAD_SHARE: usize = 4;
/// Maximum number of vectors that are chosen to be unlike: each takes a look at all vectors.
const MAX_SPREAD: usize = 128;

/// Returns the vector that is inserted at each position in the order of insertion.
pub(super) fn insertion_order(vectors: &[&QuantizedVector], seed: u64) -> Vec<u32> {
    // The seed differs from the builder's, whose random order is reversed.
    let mut order = shuffled(vectors.len(), !seed);
    spread_out(vectors, &mut order);
    let group = groups(vectors, &order);
    let mut start = 0;
    for end in layer_ends(vectors.len()) {
        order[start..end].sort_unstable_by_key(|&i| (group[i as usize], i));
        start = end;
    }
    order
}

/// Moves vectors to the front that are as unlike each other as possible: each is the one that is least similar to those
/// before it.
///
/// A fair sample has none of a small group, so that neither the builder nor a walk would start near to it: of 60 images
/// unlike the other 20,000, walks found 0.89 of the ten best, and two did not find themselves.
fn spread_out(vectors: &[&QuantizedVector], order: &mut [u32]) {
    let ends = layer_ends(vectors.len()).into_iter();
    let sample = ends
        .take_while(|&end| end <= max_sample(vectors.len()))
        .last();
    let count = (sample.unwrap_or(0) / SPREAD_SHARE).min(MAX_SPREAD);
    // How similar the vector at each position is to the nearest of those at the front.
    let mut nearest = vec![f32::NEG_INFINITY; order.len()];
    for front in 1..count {
        let last = vectors[order[front - 1] as usize];
        let behind = &order[front..];
        let similar = behind.par_iter().zip(&mut nearest[front..]);
        let least = similar.enumerate().map(|(position, (&vector, nearest))| {
            *nearest = nearest.max(similarity(vectors[vector as usize], last));
            (*nearest, position)
        });
        let least = least.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        if let Some((_, position)) = least {
            order.swap(front, front + position);
            nearest.swap(front, front + position);
        }
    }
}

/// Returns a number for every vector: equal for similar vectors, and close for similar groups.
fn groups(vectors: &[&QuantizedVector], shuffled: &[u32]) -> Vec<u32> {
    let count = vectors.len().isqrt().min(MAX_GROUPS);
    let sample = shuffled[..count].iter();
    let centers: Vec<&QuantizedVector> = sample.map(|&i| vectors[i as usize]).collect();
    let centers = chained(centers);
    vectors
        .par_iter()
        .map(|vector| most_similar(vector, &centers).unwrap_or(0) as u32)
        .collect()
}

/// Puts each center after the one that is most similar to it, of those not yet taken.
fn chained(mut centers: Vec<&QuantizedVector>) -> Vec<&QuantizedVector> {
    for i in 1..centers.len() {
        if let Some(next) = most_similar(centers[i - 1], &centers[i..]) {
            centers.swap(i, i + next);
        }
    }
    centers
}

fn most_similar(vector: &QuantizedVector, centers: &[&QuantizedVector]) -> Option<usize> {
    let scored = |&i: &usize| {
        let center = centers[i];
        let score = center.scale * dot::coarse(vector.hi(), center.hi()) as f32;
        ScoredNode::new(score, i as u32)
    };
    (0..centers.len()).max_by_key(scored)
}

fn similarity(one: &QuantizedVector, other: &QuantizedVector) -> f32 {
    one.scale * other.scale * dot::coarse(one.hi(), other.hi()) as f32
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn direction(i: u32) -> QuantizedVector {
        let angle = i as f32 / 3.0;
        QuantizedVector::new(&[angle.sin(), angle.cos()]).unwrap()
    }

    #[test]
    fn every_vector_has_one_place() {
        for count in [0, 1, 2, 31, 33, 5000] {
            let vectors: Vec<QuantizedVector> = (0..count).map(|i| direction(i % 100)).collect();
            let vectors: Vec<&QuantizedVector> = vectors.iter().collect();
            let mut order = insertion_order(&vectors, 3);
            order.sort_unstable();
            assert!(order.into_iter().eq(0..count), "{count}");
        }
    }

    #[test]
    fn similar_ones_follow_each_other_and_the_top_is_a_sample() {
        // Ten directions, one after the other.
        let vectors: Vec<QuantizedVector> = (0..10_000).map(|i| direction(i % 10)).collect();
        let vectors: Vec<&QuantizedVector> = vectors.iter().collect();
        let order = insertion_order(&vectors, 3);
        let changes = |part: &[u32]| part.windows(2).filter(|w| w[0] % 10 != w[1] % 10).count();
        let ends = layer_ends(order.len());
        assert_eq!(ends, [69, 240, 832, 2885, 10_000]);
        assert!(changes(&order[2885..]) < 20);
        let of_first = order[..2885].iter().filter(|&i| i % 10 == 0).count();
        assert!((200..380).contains(&of_first), "{of_first}");
    }
}
