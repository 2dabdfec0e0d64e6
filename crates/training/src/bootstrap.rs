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
        let sums: Vec<([f64; N], usize)> = rows.iter().map(|row| (*row, 1)).collect();
        self.of_sums(&sums)
    }

    /// Returns the means over groups of each group's mean, where a group has clusters of rows as in
    /// [`Self::cluster_means`]. Every group counts the same however many rows it has; groups without
    /// rows are left out, and the result is `None` if all are. Each group is resampled on its own,
    /// so that none is ever empty.
    pub fn group_means<const N: usize>(
        &self,
        groups: &[Vec<Vec<[f64; N]>>],
    ) -> Option<[Estimate; N]> {
        let groups: Vec<Vec<([f64; N], usize)>> = groups
            .iter()
            .map(|clusters| sums_of(clusters))
            .filter(|sums| !sums.is_empty())
            .collect();
        if groups.is_empty() {
            return None;
        }
        let means: Vec<[f64; N]> = groups
            .iter()
            .map(|sums| mean_of_sums(sums.iter()))
            .collect();
        let replicates: Vec<Vec<[f64; N]>> = (1..)
            .zip(&groups)
            .map(|(stream, sums)| self.replicates(sums, stream))
            .collect();
        let of_all: Vec<[f64; N]> = (0..self.resamples)
            .map(|i| mean_of(replicates.iter().map(|group| &group[i]), groups.len()))
            .collect();
        Some(estimates(mean_of(means.iter(), means.len()), &of_all))
    }

    /// Returns the means over all rows of all clusters. The rows of a cluster depend on each other,
    /// such as the images of one product, so whole clusters are drawn (Field and Welsh 2007). `None`
    /// without rows.
    pub fn cluster_means<const N: usize>(
        &self,
        clusters: &[Vec<[f64; N]>],
    ) -> Option<[Estimate; N]> {
        self.of_sums(&sums_of(clusters))
    }

    fn of_sums<const N: usize>(&self, sums: &[([f64; N], usize)]) -> Option<[Estimate; N]> {
        if sums.is_empty() {
            return None;
        }
        let mean = mean_of_sums(sums.iter());
        Some(estimates(mean, &self.replicates(sums, 0)))
    }

    /// Returns the means of every draw of as many sums. Draws of different streams are independent.
    fn replicates<const N: usize>(&self, sums: &[([f64; N], usize)], stream: u64) -> Vec<[f64; N]> {
        (0..self.resamples as u64)
            .into_par_iter()
            .map(|number| {
                let mut rng = self.rng(stream, number);
                let drawn = sums.iter().map(|_| &sums[rng.random_range(0..sums.len())]);
                mean_of_sums(drawn)
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

/// Returns the sum and the number of rows of each cluster that has any.
fn sums_of<const N: usize>(clusters: &[Vec<[f64; N]>]) -> Vec<([f64; N], usize)> {
    let with_rows = clusters.iter().filter(|rows| !rows.is_empty());
    with_rows
        .map(|rows| (sum_of(rows.iter()), rows.len()))
        .collect()
}

/// Returns the mean over the rows of which there are sums.
fn mean_of_sums<'a, const N: usize>(sums: impl Iterator<Item = &'a ([f64; N], usize)>) -> [f64; N] {
    let (mut total, mut count) = ([0.0; N], 0);
    for (sum, rows) in sums {
        total = std::array::from_fn(|i| total[i] + sum[i]);
        count += rows;
    }
    total.map(|sum| sum / count as f64)
}

fn mean_of<'a, const N: usize>(rows: impl Iterator<Item = &'a [f64; N]>, count: usize) -> [f64; N] {
    sum_of(rows).map(|sum| sum / count as f64)
}

fn sum_of<'a, const N: usize>(rows: impl Iterator<Item = &'a [f64; N]>) -> [f64; N] {
    let mut sums = [0.0; N];
    for row in rows {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
    sums
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
mod tests;
