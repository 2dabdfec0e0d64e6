//! Distances of vectors, and the nearest of them.

use lookalike_test_support::dot;

/// Number of nearest real vectors, one of which is chosen to make a vector between it and another
/// real one.
pub(super) const NEIGHBORS: usize = 10;

/// Adds a score to the best `k`, best first.
pub fn keep(best: &mut Vec<f32>, k: usize, score: f32) {
    if best.len() == k && best[k - 1] >= score {
        return;
    }
    let position = best.partition_point(|&better| better >= score);
    best.insert(position, score);
    best.truncate(k);
}

/// Returns the real vectors nearest to one of them, excluding itself.
pub(super) fn nearest(vector: &[f32], real: &[Vec<f32>]) -> Vec<usize> {
    let scored = real
        .iter()
        .enumerate()
        .map(|(i, other)| (dot(vector, other), i));
    let mut scored: Vec<(f32, usize)> = scored.collect();
    scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    scored.iter().skip(1).take(NEIGHBORS).map(|s| s.1).collect()
}

pub(super) fn length(vector: impl Iterator<Item = f32>) -> f32 {
    vector.map(|x| x * x).sum::<f32>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_are_kept_in_order() {
        let mut best = Vec::new();
        for i in 0..30 {
            keep(&mut best, 10, ((i * 7) % 30) as f32);
        }
        let expected: Vec<f32> = (20..30).rev().map(|x| x as f32).collect();
        assert_eq!(best, expected);
    }
}
