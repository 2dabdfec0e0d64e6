//! Confidence intervals from resampling the queries: the percentile bootstrap (Efron 1979).
//!
//! A measure is a mean over queries. To see how much it would vary with other queries of the same
//! kind, as many queries are drawn again, with repetition, thousands of times. Two encoders are
//! compared by the differences for the same query, which vary much less than the queries do.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rayon::prelude::*;
use serde::Serialize;

/// Share of resampled means inside the interval.
pub const CONFIDENCE: f64 = 0.95;

/// A mean and its interval at [`CONFIDENCE`].
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Estimate {
    /// Mean of the observed values.
    pub mean: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// Parameters of resampling. The same seed gives the same intervals, on any number of cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bootstrap {
    /// Number of times that the queries are drawn.
    pub resamples: usize,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self {
            resamples: 2000,
            seed: 1,
        }
    }
}

impl Bootstrap {
    /// Returns the mean of `values` with its interval; `None` if there are none.
    pub fn mean(&self, values: &[f64]) -> Option<Estimate> {
        let rows: Vec<[f64; 1]> = values.iter().map(|&value| [value]).collect();
        self.means(&rows).map(|[estimate]| estimate)
    }

    /// Returns the means of `N` measures, where each row belongs to one query; `None` without rows.
    /// All measures use the same draws.
    pub fn means<const N: usize>(&self, rows: &[[f64; N]]) -> Option<[Estimate; N]> {
        if rows.is_empty() {
            return None;
        }
        let mean = mean_of(rows.iter(), rows.len());
        Some(estimates(mean, &self.replicates(rows, 0)))
    }

    /// Returns the means over groups of each group's mean. Every group counts the same however many
    /// rows it has; groups without rows are left out, and the result is `None` if all are. Each
    /// group is resampled on its own, so that none is ever empty.
    pub fn group_means<const N: usize>(&self, groups: &[Vec<[f64; N]>]) -> Option<[Estimate; N]> {
        let groups: Vec<&Vec<[f64; N]>> = groups.iter().filter(|rows| !rows.is_empty()).collect();
        if groups.is_empty() {
            return None;
        }
        let means: Vec<[f64; N]> = groups
            .iter()
            .map(|rows| mean_of(rows.iter(), rows.len()))
            .collect();
        let replicates: Vec<Vec<[f64; N]>> = (1..)
            .zip(&groups)
            .map(|(stream, rows)| self.replicates(rows, stream))
            .collect();
        let of_all: Vec<[f64; N]> = (0..self.resamples)
            .map(|i| mean_of(replicates.iter().map(|group| &group[i]), groups.len()))
            .collect();
        Some(estimates(mean_of(means.iter(), means.len()), &of_all))
    }

    /// Returns the mean of `ours - theirs`, query by query; `None` if there are no queries.
    ///
    /// # Panics
    /// If the two have different numbers of queries, so that they cannot be the same queries.
    pub fn differences<const N: usize>(
        &self,
        ours: &[[f64; N]],
        theirs: &[[f64; N]],
    ) -> Option<[Estimate; N]> {
        assert_eq!(ours.len(), theirs.len());
        let pairs = ours.iter().zip(theirs);
        let rows: Vec<[f64; N]> = pairs
            .map(|(ours, theirs)| std::array::from_fn(|i| ours[i] - theirs[i]))
            .collect();
        self.means(&rows)
    }

    /// Returns the means of every draw. Draws of different streams are independent.
    fn replicates<const N: usize>(&self, rows: &[[f64; N]], stream: u64) -> Vec<[f64; N]> {
        (0..self.resamples as u64)
            .into_par_iter()
            .map(|number| {
                let mut rng = self.rng(stream, number);
                let drawn = rows.iter().map(|_| &rows[rng.random_range(0..rows.len())]);
                mean_of(drawn, rows.len())
            })
            .collect()
    }

    /// Returns a generator for each draw, so that the order in which cores take them does not
    /// matter.
    fn rng(&self, stream: u64, number: u64) -> StdRng {
        let mut seed = [0; 32];
        for (bytes, part) in seed.chunks_exact_mut(8).zip([self.seed, stream, number]) {
            bytes.copy_from_slice(&part.to_le_bytes());
        }
        StdRng::from_seed(seed)
    }
}

fn mean_of<'a, const N: usize>(rows: impl Iterator<Item = &'a [f64; N]>, count: usize) -> [f64; N] {
    let mut sums = [0.0; N];
    for row in rows {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
    sums.map(|sum| sum / count as f64)
}

fn estimates<const N: usize>(means: [f64; N], replicates: &[[f64; N]]) -> [Estimate; N] {
    std::array::from_fn(|i| {
        let mut values: Vec<f64> = replicates.iter().map(|row| row[i]).collect();
        values.sort_unstable_by(f64::total_cmp);
        let tail = (1.0 - CONFIDENCE) / 2.0;
        Estimate {
            mean: means[i],
            low: quantile(&values, tail).unwrap_or(means[i]),
            high: quantile(&values, 1.0 - tail).unwrap_or(means[i]),
        }
    })
}

/// Returns the value at a share of ascending values, interpolated linearly.
fn quantile(ascending: &[f64], share: f64) -> Option<f64> {
    let place = share * ascending.len().checked_sub(1)? as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    let part = place - place.floor();
    Some(ascending[below] * (1.0 - part) + ascending[above] * part)
}

#[cfg(test)]
mod tests {
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
        let groups = [vec![[1.0]; 99], vec![[0.0], [0.5]], vec![]];
        let [found] = Bootstrap::default().group_means(&groups).expect("rows");
        assert_eq!(found.mean, f64::midpoint(1.0, 0.25));
        assert_eq!((found.low, found.high), (0.5, 0.75));
        assert_eq!(Bootstrap::default().group_means::<1>(&[vec![]]), None);
    }

    #[test]
    fn paired_differences_distinguish_what_two_intervals_cannot() {
        let theirs: Vec<[f64; 1]> = (0..60).map(|i| [f64::from(i) / 60.0]).collect();
        let ours: Vec<[f64; 1]> = theirs.iter().map(|[value]| [value + 0.02]).collect();
        let bootstrap = Bootstrap::default();
        let [difference] = bootstrap.differences(&ours, &theirs).expect("rows");
        assert!(difference.low > 0.019 && difference.high < 0.021);
        let ([ours], [theirs]) = (
            bootstrap.means(&ours).expect("rows"),
            bootstrap.means(&theirs).expect("rows"),
        );
        assert!(ours.low < theirs.high, "alone, the intervals overlap");
        assert_eq!(bootstrap.differences::<1>(&[], &[]), None);
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
}
