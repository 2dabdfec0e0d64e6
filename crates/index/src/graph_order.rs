//! The order in which vectors are inserted, which is also that in which they are stored.
//!
//! instant-distance shuffles what it is given, so that the upper layers are a fair sample. For the bottom
//! layer, where most of the work is, a shuffle is the worst order there is: every insertion begins with
//! nothing of what it needs in the cache. Here the vectors are drawn into layers by chance too, and within
//! a layer similar ones follow each other; so do they later in the stored segment, where a walk finds
//! most of a node's neighbours close by.

use rand_of_instant_distance::rngs::SmallRng;
use rand_of_instant_distance::{Rng, SeedableRng};
use rayon::prelude::*;

use crate::dot;
use crate::quantise::Quantised;
use crate::scored::Scored;

/// Degree that the sizes of layers follow from, fixed by the library that builds.
const DEGREE: usize = 32;
/// Most groups of similar vectors: more take longer to tell apart than they save.
const MOST_GROUPS: usize = 1024;

/// For every place in the order of insertion the vector that should be there.
pub(crate) fn arrange(vectors: &[&Quantised], seed: u64) -> Vec<u32> {
    let mut order = shuffled(vectors.len(), !seed);
    let group = groups(vectors, &order);
    let mut begin = 0;
    for end in layer_ends(vectors.len()) {
        order[begin..end].sort_unstable_by_key(|&i| (group[i as usize], i));
        begin = end;
    }
    order
}

/// For every place in the order of insertion the position of the input that instant-distance puts there:
/// the same draw as it makes. Should a release of it draw otherwise, building takes longer, and that is
/// all.
pub(crate) fn shuffled(count: usize, seed: u64) -> Vec<u32> {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut drawn: Vec<(u32, u32)> = (0..count as u32)
        .map(|i| (rng.gen_range(0..count as u32), i))
        .collect();
    drawn.sort_unstable();
    drawn.into_iter().map(|(_, i)| i).collect()
}

/// Up to which place each layer goes, from the top down; every layer holds what is above it.
fn layer_ends(count: usize) -> Vec<usize> {
    let share = 1.0 / (DEGREE as f32).ln();
    let smaller = |&size: &usize| Some((size as f32 * share) as usize);
    let sizes = std::iter::successors(smaller(&count), smaller);
    let mut ends: Vec<usize> = sizes.take_while(|&size| size >= DEGREE).collect();
    ends.push(count);
    ends.sort_unstable();
    ends
}

/// A number for every vector: equal for similar ones, and close for groups that are similar.
fn groups(vectors: &[&Quantised], shuffled: &[u32]) -> Vec<u32> {
    let count = vectors.len().isqrt().min(MOST_GROUPS);
    let sample = shuffled[..count].iter();
    let centres: Vec<&Quantised> = sample.map(|&i| vectors[i as usize]).collect();
    let centres = chained(centres);
    vectors
        .par_iter()
        .map(|vector| most_similar(vector, &centres).unwrap_or(0) as u32)
        .collect()
}

/// Each behind the one, of those not yet taken, that is most similar to it.
fn chained(mut centres: Vec<&Quantised>) -> Vec<&Quantised> {
    for i in 1..centres.len() {
        if let Some(next) = most_similar(centres[i - 1], &centres[i..]) {
            centres.swap(i, i + next);
        }
    }
    centres
}

fn most_similar(vector: &Quantised, centres: &[&Quantised]) -> Option<usize> {
    let similarity = |&i: &usize| {
        let centre = centres[i];
        let score = centre.scale * dot::coarse(vector.hi(), centre.hi()) as f32;
        Scored::new(score, i as u32)
    };
    (0..centres.len()).max_by_key(similarity)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn direction(i: u32) -> Quantised {
        let angle = i as f32 / 3.0;
        Quantised::new(&[angle.sin(), angle.cos()]).unwrap()
    }

    #[test]
    fn every_vector_has_one_place() {
        for count in [0, 1, 2, 31, 33, 5000] {
            let vectors: Vec<Quantised> = (0..count).map(|i| direction(i % 100)).collect();
            let vectors: Vec<&Quantised> = vectors.iter().collect();
            let mut order = arrange(&vectors, 3);
            order.sort_unstable();
            assert!(order.into_iter().eq(0..count), "{count}");
        }
    }

    #[test]
    fn similar_ones_follow_each_other_and_the_top_is_a_sample() {
        // Ten directions, in turn.
        let vectors: Vec<Quantised> = (0..10_000).map(|i| direction(i % 10)).collect();
        let vectors: Vec<&Quantised> = vectors.iter().collect();
        let order = arrange(&vectors, 3);
        let changes = |part: &[u32]| part.windows(2).filter(|w| w[0] % 10 != w[1] % 10).count();
        let ends = layer_ends(order.len());
        assert_eq!(ends, [69, 240, 832, 2885, 10_000]);
        assert!(changes(&order[2885..]) < 20);
        let of_first = order[..2885].iter().filter(|&i| i % 10 == 0).count();
        assert!((200..380).contains(&of_first), "{of_first}");
    }
}
