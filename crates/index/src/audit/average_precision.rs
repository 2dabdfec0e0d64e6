//! Average precision without sorting the whole ranking.

/// Returns the mean of the precisions at the ranks of all `right` scores, in a ranking of `right`
/// and `wrong` by falling score; of equal scores, wrong ones come first. `None` if nothing is
/// right.
pub(super) fn average_precision(right: &mut [f32], wrong: &[f32]) -> Option<f64> {
    if right.is_empty() {
        return None;
    }
    right.sort_unstable_by(|a, b| b.total_cmp(a));
    // Number of wrong scores by the first right score that they are not below.
    let mut before = vec![0_usize; right.len() + 1];
    for score in wrong {
        before[right.partition_point(|other| other > score)] += 1;
    }
    let mut rank = 0;
    let mut sum = 0.0;
    for (place, wrong) in before.iter().take(right.len()).enumerate() {
        rank += wrong + 1;
        sum += (place + 1) as f64 / rank as f64;
    }
    Some(sum / right.len() as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Sorts the whole ranking.
    fn by_definition(right: &[f32], wrong: &[f32]) -> f64 {
        let mut ranking: Vec<(f32, bool)> = right.iter().map(|&score| (score, true)).collect();
        ranking.extend(wrong.iter().map(|&score| (score, false)));
        ranking.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let ranks = ranking.iter().zip(1..).filter(|((_, right), _)| *right);
        let precisions = ranks
            .zip(1..)
            .map(|((_, rank), found)| f64::from(found) / f64::from(rank));
        precisions.sum::<f64>() / right.len() as f64
    }

    proptest! {
        #[test]
        fn it_is_that_of_the_sorted_ranking(
            right in prop::collection::vec(0..30_u8, 1..20),
            wrong in prop::collection::vec(0..30_u8, 0..40),
        ) {
            let scores = |of: &[u8]| of.iter().map(|&x| f32::from(x) / 30.0).collect::<Vec<f32>>();
            let (mut right, wrong) = (scores(&right), scores(&wrong));
            let expected = by_definition(&right, &wrong);
            let found = average_precision(&mut right, &wrong).unwrap_or(-1.0);
            prop_assert!((found - expected).abs() < 1e-12, "{} {}", found, expected);
        }
    }

    #[test]
    fn nothing_right_has_no_precision() {
        assert_eq!(average_precision(&mut [], &[0.5]), None);
        assert_eq!(average_precision(&mut [0.5], &[]), Some(1.0));
        assert_eq!(average_precision(&mut [0.5], &[0.5]), Some(0.5));
    }
}
