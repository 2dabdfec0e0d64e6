use proptest::prelude::*;

use super::*;

fn alternating(count: usize) -> Vec<f64> {
    (0..count).map(|i| f64::from(i % 4 != 0)).collect()
}

#[test]
fn the_interval_of_a_share_is_that_of_the_normal_approximation() {
    let estimate = Bootstrap::default().mean(&alternating(400)).expect("rows");
    assert_eq!(estimate.mean, 0.75);
    // sqrt(0.75 * 0.25 / 400) * 1.96
    let half = 0.0424;
    assert!((estimate.low - (0.75 - half)).abs() < 0.006, "{estimate:?}");
    assert!(
        (estimate.high - (0.75 + half)).abs() < 0.006,
        "{estimate:?}"
    );
}

#[test]
fn the_interval_contains_the_truth_as_often_as_stated() {
    let bootstrap = Bootstrap {
        resamples: 400,
        seed: 5,
    };
    let mut rng = StdRng::seed_from_u64(9);
    let trials = 300;
    let held = (0..trials).filter(|_| {
        let values: Vec<f64> = (0..100)
            .map(|_| f64::from(rng.random_range(0.0..1.0) < 0.7))
            .collect();
        let found = bootstrap.mean(&values).expect("rows");
        found.low <= 0.7 && 0.7 <= found.high
    });
    let share = held.count() as f64 / f64::from(trials);
    assert!((0.90..=0.985).contains(&share), "{share}");
}

#[test]
fn the_interval_shrinks_with_the_root_of_the_number() {
    let width = |count| {
        let found = Bootstrap::default()
            .mean(&alternating(count))
            .expect("rows");
        found.high - found.low
    };
    let ratio = width(100) / width(1600);
    assert!((3.4..4.6).contains(&ratio), "{ratio}");
}

#[test]
fn the_same_seed_gives_the_same_interval_on_any_number_of_cores() {
    let rows: Vec<[f64; 2]> = (0..90).map(|i| [f64::from(i), f64::from(i * i)]).collect();
    let run = |threads, seed| {
        let bootstrap = Bootstrap {
            resamples: 500,
            seed,
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads").install(|| bootstrap.means(&rows))
    };
    assert_eq!(run(1, 3), run(4, 3));
    assert_ne!(run(1, 3), run(1, 4));
}

#[test]
fn every_group_counts_the_same() {
    let alone =
        |rows: &[[f64; 1]]| -> Vec<Vec<[f64; 1]>> { rows.iter().map(|row| vec![*row]).collect() };
    let groups = [alone(&[[1.0]; 99]), alone(&[[0.0], [0.5]]), vec![]];
    let [found] = Bootstrap::default().group_means(&groups).expect("rows");
    assert_eq!(found.mean, f64::midpoint(1.0, 0.25));
    assert_eq!((found.low, found.high), (0.5, 0.75));
    assert_eq!(
        Bootstrap::default().group_means::<1>(&[vec![], vec![vec![]]]),
        None
    );
}

#[test]
fn paired_differences_distinguish_what_two_intervals_cannot() {
    let theirs: Vec<[f64; 1]> = (0..60).map(|i| [f64::from(i) / 60.0]).collect();
    let ours: Vec<[f64; 1]> = theirs.iter().map(|[value]| [value + 0.02]).collect();
    let bootstrap = Bootstrap::default();
    let pairs = ours.iter().zip(&theirs);
    let differences: Vec<[f64; 1]> = pairs.map(|([a], [b])| [a - b]).collect();
    let [difference] = bootstrap.means(&differences).expect("rows");
    assert!(difference.low > 0.019 && difference.high < 0.021);
    let ([ours], [theirs]) = (
        bootstrap.means(&ours).expect("rows"),
        bootstrap.means(&theirs).expect("rows"),
    );
    assert!(ours.low < theirs.high, "alone, the intervals overlap");
    assert_eq!(bootstrap.means::<1>(&[]), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_interval_holds_the_mean_and_stays_in_the_range(
        values in prop::collection::vec(0.0..1.0_f64, 1..40),
        seed in any::<u64>(),
    ) {
        let bootstrap = Bootstrap { resamples: 300, seed };
        let found = bootstrap.mean(&values).expect("rows");
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(0.0, f64::max);
        prop_assert!(found.low <= found.mean + 1e-9 && found.mean <= found.high + 1e-9);
        prop_assert!(least - 1e-9 <= found.low && found.high <= most + 1e-9);
    }
}

#[test]
fn repeated_rows_of_a_cluster_do_not_narrow_the_interval() {
    let bootstrap = Bootstrap::default();
    let rows: Vec<[f64; 1]> = alternating(100).iter().map(|&value| [value]).collect();
    let alone: Vec<Vec<[f64; 1]>> = rows.iter().map(|row| vec![*row]).collect();
    let repeated: Vec<Vec<[f64; 1]>> = rows.iter().map(|row| vec![*row; 9]).collect();
    let width = |estimate: Estimate| estimate.high - estimate.low;
    let [alone] = bootstrap.cluster_means(&alone).expect("rows");
    let [repeated] = bootstrap.cluster_means(&repeated).expect("rows");
    let [independent] = bootstrap.means(&rows).expect("rows");
    assert_eq!((alone.mean, repeated.mean), (0.75, 0.75));
    assert!((width(alone) - width(independent)).abs() < 0.02);
    assert!((width(repeated) - width(independent)).abs() < 0.02);
    // A mean over rows: a cluster counts as often as it has rows.
    let [uneven] = bootstrap
        .cluster_means(&[vec![[1.0]; 3], vec![[0.0]], Vec::new()])
        .expect("rows");
    assert_eq!(uneven.mean, 0.75);
    assert_eq!(bootstrap.cluster_means::<1>(&[Vec::new()]), None);
}
