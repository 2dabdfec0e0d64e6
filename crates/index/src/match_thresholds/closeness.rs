//! Closeness: a scale on which scores near 1 can be compared.
//!
//! The difference between 0.98 and 0.99 halves the distance of two images, that between 0.48 and 0.49 is nothing. So
//! closeness is the negative logarithm of the distance `1 - score`. On this scale the scores of the most similar
//! strangers have about the distribution of extremes (Gumbel), whatever the encoder and the size of the catalog.

/// Minimum distance: quantized scores of one image differ from 1 by less.
const MIN_DISTANCE: f64 = 1e-4;

/// Returns the closeness of a score in [-1, 1].
pub(super) fn closeness(score: f32) -> f64 {
    -(1.0 - f64::from(score)).max(MIN_DISTANCE).ln()
}

/// Returns the score of a closeness.
pub(super) fn score(closeness: f64) -> f32 {
    (1.0 - (-closeness).exp()) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn closeness_grows_with_the_score_and_can_be_reversed(one in -1.0_f32..0.999, other in -1.0_f32..0.999) {
            prop_assert!((score(closeness(one)) - one).abs() < 1e-6);
            prop_assert_eq!(one < other, closeness(one) < closeness(other));
        }
    }
}
