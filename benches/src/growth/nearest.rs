//! Distances of vectors, and the nearest of them.

/// Number of nearest real vectors, one of which is chosen to make a vector between it and another
/// real one.
pub(crate) const NEIGHBORS: usize = 10;
/// Number of best images of a query that count for recall.
const K: usize = 10;
/// Adds a score to the best few, best first.
pub(crate) fn keep(best: &mut Vec<f32>, score: f32) {
    if best.len() == K && best[K - 1] >= score {
        return;
    }
    let position = best.partition_point(|&better| better >= score);
    best.insert(position, score);
    best.truncate(K);
}

pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    // Parallel sums, which the compiler vectorizes.
    let (a, b) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    let mut sums = [0.0; 16];
    for (a, b) in a.0.iter().zip(b.0) {
        for i in 0..16 {
            sums[i] += a[i] * b[i];
        }
    }
    let rest = a.1.iter().zip(b.1).map(|(a, b)| a * b);
    sums.iter().sum::<f32>() + rest.sum::<f32>()
}

/// Returns the real vectors nearest to one of them, excluding itself.
pub(crate) fn nearest(vector: &[f32], real: &[Vec<f32>]) -> Vec<usize> {
    let scored = real
        .iter()
        .enumerate()
        .map(|(i, other)| (dot(vector, other), i));
    let mut scored: Vec<(f32, usize)> = scored.collect();
    scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    scored.iter().skip(1).take(NEIGHBORS).map(|s| s.1).collect()
}

pub(crate) fn length(vector: impl Iterator<Item = f32>) -> f32 {
    vector.map(|x| x * x).sum::<f32>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_are_kept_in_order() {
        let mut best = Vec::new();
        for i in 0..30 {
            keep(&mut best, ((i * 7) % 30) as f32);
        }
        let expected: Vec<f32> = (20..30).rev().map(|x| x as f32).collect();
        assert_eq!(best, expected);
    }

    #[test]
    fn dots_of_any_length() {
        for n in [0, 1, 15, 16, 17, 40] {
            let a: Vec<f32> = (0..n).map(|i| i as f32).collect();
            let expected = (0..n).map(|i| i * i).sum::<i32>();
            assert_eq!(dot(&a, &a), expected as f32);
        }
    }
}
