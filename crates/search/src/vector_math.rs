//! Arithmetic of vectors, `[dimensions]`.

use lookalike_index::IndexError;

use crate::error::{SearchError, of_item, query_error};
use crate::query::{BadQuery, QueryItem};

/// Length of a sum, as a share of the largest weight, below which rounding alone gives it a direction.
const NOISE: f64 = 1e-5;

/// Returns the sum of the items' vectors by their weights, at unit length. Each vector is scaled to unit length first.
///
/// # Errors
/// If an image has no direction, or if the vectors cancel each other out.
pub(crate) fn weighted_sum(
    items: &[QueryItem],
    vectors: Vec<Vec<f32>>,
) -> Result<Vec<f32>, SearchError> {
    let mut units = Vec::with_capacity(vectors.len());
    for (at, vector) in vectors.into_iter().enumerate() {
        let unit = unit(vector)
            .ok_or_else(|| of_item(at, items.len(), query_error(IndexError::NoDirection)))?;
        units.push(unit);
    }
    let weights = items.iter().map(|item| item.weight);
    let parts = weights.zip(units.iter().map(Vec::as_slice));
    let sum = sum(parts);
    // Vectors that cancel each other out leave only rounding errors.
    let length = sum
        .iter()
        .map(|&x| f64::from(x).powi(2))
        .sum::<f64>()
        .sqrt();
    let largest = items.iter().map(|item| item.weight.abs());
    let largest = largest.fold(0.0, f32::max);
    match length > NOISE * f64::from(largest) {
        true => unit(sum).ok_or_else(|| BadQuery::CancelOut.into()),
        false => Err(BadQuery::CancelOut.into()),
    }
}

/// Returns the weighted sum of vectors.
pub(crate) fn sum<'a>(mut parts: impl Iterator<Item = (f32, &'a [f32])>) -> Vec<f32> {
    let Some((weight, first)) = parts.next() else {
        return Vec::new();
    };
    let mut sum: Vec<f32> = first.iter().map(|x| weight * x).collect();
    for (weight, vector) in parts {
        for (sum, x) in sum.iter_mut().zip(vector) {
            *sum += weight * x;
        }
    }
    sum
}

/// Returns the vector at unit length; `None` if it has no direction.
pub(crate) fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let squares = vector.iter().map(|&x| f64::from(x).powi(2));
    let length = squares.sum::<f64>().sqrt();
    if !length.is_finite() || length == 0.0 {
        return None;
    }
    vector
        .iter_mut()
        .for_each(|x| *x = (f64::from(*x) / length) as f32);
    Some(vector)
}

/// Returns the dot product. It is summed in eight lanes, which the compiler turns into SIMD.
pub(crate) fn dot(one: &[f32], other: &[f32]) -> f32 {
    let (ones, one) = one.as_chunks::<8>();
    let (others, other) = other.as_chunks::<8>();
    let mut sums = [0.0_f32; 8];
    for (one, other) in ones.iter().zip(others) {
        for ((sum, x), y) in sums.iter_mut().zip(one).zip(other) {
            *sum += x * y;
        }
    }
    let rest = one.iter().zip(other).map(|(x, y)| x * y);
    sums.iter().copied().chain(rest).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn combined(parts: &[(f32, [f32; 3])]) -> Result<Vec<f32>, SearchError> {
        let items = parts
            .iter()
            .map(|&(weight, _)| QueryItem::product("p").weighing(weight));
        let items: Vec<QueryItem> = items.collect();
        let vectors = parts.iter().map(|(_, vector)| vector.to_vec());
        weighted_sum(&items, vectors.collect())
    }

    #[test]
    fn lengths_do_not_count_and_weights_do() {
        let found = combined(&[(1.0, [5.0, 0.0, 0.0]), (1.0, [0.0, 0.1, 0.0])]).unwrap();
        assert!(
            (found[0] - found[1]).abs() < 1e-6 && found[2] == 0.0,
            "{found:?}"
        );
        let found = combined(&[(3.0, [1.0, 0.0, 0.0]), (-4.0, [0.0, 1.0, 0.0])]).unwrap();
        assert!(
            (found[0] - 0.6).abs() < 1e-6 && (found[1] + 0.8).abs() < 1e-6,
            "{found:?}"
        );
        let tiny = combined(&[(1e-20, [1.0, 0.0, 0.0]), (1e-20, [0.0, 1.0, 0.0])]).unwrap();
        assert!((tiny[0] - tiny[1]).abs() < 1e-6, "{tiny:?}");
    }

    #[test]
    fn vectors_that_cancel_each_other_out_are_refused() {
        for weight in [1.0, 1e-20, 100.0] {
            let found = combined(&[(weight, [0.3, 0.4, 0.5]), (-weight, [0.6, 0.8, 1.0])]);
            assert!(
                matches!(found, Err(SearchError::BadQuery(BadQuery::CancelOut))),
                "{found:?}"
            );
        }
        let zero = combined(&[(1.0, [0.0; 3]), (1.0, [1.0, 0.0, 0.0])]);
        assert!(
            matches!(zero, Err(SearchError::Item { at: 0, .. })),
            "{zero:?}"
        );
    }
}
