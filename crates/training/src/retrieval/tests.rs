use proptest::prelude::*;

use super::*;

#[test]
fn a_ranking_is_scored_as_the_textbook_does() {
    let ranking = [false, true, true, false, true];
    let scores = score_ranking(ranking.into_iter(), 3).expect("some are right");
    assert_eq!((scores.first, scores.recall), (0.0, 1.0));
    assert_eq!(scores.reciprocal_rank, 0.5);
    assert!((scores.precision - 2.0 / 3.0).abs() < 1e-12);
    let expected = (1.0 / 2.0 + 2.0 / 3.0 + 3.0 / 5.0) / 3.0;
    assert!((scores.average_precision - expected).abs() < 1e-12);
    assert_eq!(score_ranking([false, false].into_iter(), 3), None);
}

#[test]
fn queries_are_scored_against_the_catalog() {
    // The last row has two labels.
    let rows = ImageLabels::new([vec![0], vec![1], vec![1, 3]]);
    let catalog = Labeled {
        vectors: &[1.0, 0.0, 0.0, 1.0, 0.6, 0.8],
        dimensions: 2,
        labels: &rows,
    };
    let wanted = ImageLabels::new([vec![0], vec![1], vec![2], vec![2, 3]]);
    let queries = Labeled {
        vectors: &[1.0, 0.0].repeat(4),
        dimensions: 2,
        labels: &wanted,
    };
    let scores = score_queries(catalog, queries, 2);
    assert_eq!(scores[0].expect("labeled").average_precision, 1.0);
    let second = scores[1].expect("labeled");
    assert_eq!((second.first, second.precision), (0.0, 0.5));
    assert!((second.average_precision - (0.5 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
    assert_eq!(scores[2], None);
    assert_eq!(scores[3].expect("a shared label").reciprocal_rank, 0.5);
}

#[test]
fn a_query_does_not_find_itself() {
    let labels = vec![0, 0, 1].into();
    let folder = Labeled {
        vectors: &[1.0, 0.0, 0.8, 0.6, 0.0, 1.0],
        dimensions: 2,
        labels: &labels,
    };
    let results = search_queries(folder, folder, 2, |query, row| query == row);
    let rows =
        |query: usize| -> Vec<usize> { results[query].neighbors.iter().map(|n| n.row).collect() };
    assert_eq!((rows(0), rows(1)), (vec![1, 2], vec![0, 2]));
    assert_eq!(results[0].neighbors[0].similarity, 0.8);
    let first = results[0].scores.expect("another of its label");
    assert_eq!(first.to_array(), [1.0, 0.5, 1.0, 1.0, 1.0]);
    assert_eq!(results[2].scores, None, "alone with its label");
}

/// Computes the definitions literally: counts for every rank.
fn slowly(right: &[bool], k: usize) -> Option<[f64; 5]> {
    let all = right.iter().filter(|right| **right).count();
    if all == 0 {
        return None;
    }
    let among = |count: usize| right.iter().take(count).filter(|right| **right).count() as f64;
    let ranks = (1..=right.len()).filter(|&rank| right[rank - 1]);
    let precisions = ranks.clone().map(|rank| among(rank) / rank as f64);
    let first = ranks.clone().min().map_or(0.0, |rank| 1.0 / rank as f64);
    Some([
        among(1),
        among(k) / k as f64,
        if among(k) > 0.0 { 1.0 } else { 0.0 },
        precisions.sum::<f64>() / all as f64,
        first,
    ])
}

proptest! {
    #[test]
    fn scores_agree_with_slow_counting(
        right in prop::collection::vec(any::<bool>(), 0..60),
        k in 1..70_usize,
    ) {
        let found = score_ranking(right.iter().copied(), k).map(QueryScores::to_array);
        let expected = slowly(&right, k);
        prop_assert_eq!(found.is_some(), expected.is_some());
        for (found, expected) in found.unwrap_or_default().iter().zip(expected.unwrap_or_default()) {
            prop_assert!((found - expected).abs() < 1e-9);
        }
    }

    #[test]
    fn searching_is_sorting_by_similarity(
        vectors in prop::collection::vec(prop::array::uniform3(-1.0..1.0_f32), 2..30),
        k in 1..8_usize,
    ) {
        let labels = ImageLabels::from((0..vectors.len() as u32).map(|row| row % 3).collect::<Vec<u32>>());
        let folder = Labeled {
            vectors: vectors.as_flattened(),
            dimensions: 3,
            labels: &labels,
        };
        let found = search_queries(folder, folder, k, |query, row| query == row);
        for (query, result) in found.iter().enumerate() {
            let similarity = |row: usize| dot(&vectors[row], &vectors[query]);
            let mut rows: Vec<usize> = (0..vectors.len()).filter(|row| *row != query).collect();
            rows.sort_by(|a, b| similarity(*b).total_cmp(&similarity(*a)).then(a.cmp(b)));
            let right: Vec<bool> = rows.iter().map(|row| row % 3 == query % 3).collect();
            let expected = slowly(&right, k);
            prop_assert_eq!(result.scores.is_some(), expected.is_some());
            rows.truncate(k);
            let neighbors: Vec<usize> = result.neighbors.iter().map(|n| n.row).collect();
            prop_assert_eq!(neighbors, rows);
        }
    }
}
