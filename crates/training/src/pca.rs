use nalgebra::{DMatrix, DVector, SymmetricEigen};
use rand::RngExt;
use rand::rngs::StdRng;

use lookalike_encoder::{Part, PartKind};

/// Number of additional directions that are computed; they make the last requested ones exact.
const SPARE: usize = 32;
/// Number of rounds; each reduces the influence of other directions.
const ROUNDS: usize = 12;
/// Number of rows that are multiplied at once.
const ROWS: usize = 2048;
/// Minimum variance as a share of the largest: below, it is rounding and must not be scaled up.
const MIN_VARIANCE: f64 = 1e-9;

/// The directions in which features vary most: principal components.
#[derive(Debug, Clone)]
pub(crate) struct Pca {
    mean: DVector<f64>,
    /// Axes, `[features, count]`, columns of unit length.
    axes: DMatrix<f64>,
    /// Variance along each, falling.
    variances: Vec<f64>,
    /// Number of features in a row; those after the pooled ones are ignored.
    dimensions: usize,
}

impl Pca {
    /// Computes the first `count` components of the first `pooled` of `dimensions` features in a
    /// row, or fewer if the rows do not vary in as many directions. Every group of rows counts the
    /// same, and only what varies within groups. By subspace iteration from a
    /// random start (Halko, Martinsson and Tropp, "Finding structure with randomness", 2011),
    /// because the full decomposition takes minutes.
    pub(crate) fn of(
        groups: &[&[f32]],
        dimensions: usize,
        pooled: usize,
        count: usize,
        rng: &mut StdRng,
    ) -> Pca {
        let mut center = DVector::zeros(pooled);
        let mut scatter = DMatrix::zeros(pooled, pooled);
        for rows in groups {
            let mean = mean(rows, dimensions, pooled);
            scatter += covariance(rows, dimensions, &mean) / groups.len() as f64;
            center += mean / groups.len() as f64;
        }
        let (axes, variances) = largest(&scatter, count, rng);
        Pca {
            mean: center,
            axes,
            variances,
            dimensions,
        }
    }

    /// Returns the number of components.
    pub(crate) fn count(&self) -> usize {
        self.variances.len()
    }

    /// Returns the map of features to components, each divided by its deviation to the power
    /// `whitening`: 0 leaves the variances, 1 makes them equal.
    pub(crate) fn part(&self, whitening: f64, share: f32) -> Part {
        let mut axes = self.axes.clone();
        for (mut axis, variance) in axes.column_iter_mut().zip(&self.variances) {
            axis *= variance.powf(-whitening / 2.0);
        }
        let bias = -(axes.transpose() * &self.mean);
        // The transposed matrix, column by column, is the matrix row by row.
        let mut weights: Vec<f32> = axes.transpose().iter().map(|&x| x as f32).collect();
        weights.resize(self.dimensions * self.count(), 0.0);
        Part {
            weights,
            bias: bias.iter().map(|&x| x as f32).collect(),
            kind: PartKind::Direction,
            share,
        }
    }
}

/// Returns the first `count` directions of uncentered rows, `[dimensions, count]` row after row:
/// products of rows after this map are as close to those before as this many numbers allow. Empty
/// directions are zeros.
pub(crate) fn uncentered(
    rows: &[f32],
    dimensions: usize,
    count: usize,
    rng: &mut StdRng,
) -> Vec<f32> {
    let products = covariance(rows, dimensions, &DVector::zeros(dimensions));
    let (axes, _) = largest(&products, count, rng);
    let mut map = vec![0.0; dimensions * count];
    for (column, axis) in axes.column_iter().enumerate() {
        for (row, value) in axis.iter().enumerate() {
            map[row * count + column] = *value as f32;
        }
    }
    map
}

/// Returns the `count` largest eigenvalues that are not zero, falling, and their vectors as
/// columns.
fn largest(matrix: &DMatrix<f64>, count: usize, rng: &mut StdRng) -> (DMatrix<f64>, Vec<f64>) {
    let size = matrix.nrows();
    let width = (count + SPARE).min(size);
    let start = DMatrix::from_fn(size, width, |_, _| rng.random_range(-1.0..1.0));
    let mut basis = start.qr().q();
    for _ in 0..ROUNDS {
        basis = (matrix * basis).qr().q();
    }
    let within = basis.transpose() * matrix * &basis;
    let eigen = SymmetricEigen::new(within);
    let mut order: Vec<usize> = (0..width).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    let largest = order.first().map_or(0.0, |&first| eigen.eigenvalues[first]);
    order.retain(|&i| eigen.eigenvalues[i] > largest * MIN_VARIANCE);
    order.truncate(count);
    let values = order.iter().map(|&i| eigen.eigenvalues[i]).collect();
    (basis * eigen.eigenvectors.select_columns(&order), values)
}

/// Returns the mean of the first `pooled` features.
fn mean(rows: &[f32], dimensions: usize, pooled: usize) -> DVector<f64> {
    let mut mean = DVector::zeros(pooled);
    for row in rows.chunks_exact(dimensions) {
        for (sum, &value) in mean.iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    }
    mean / (rows.len() / dimensions).max(1) as f64
}

/// Returns the covariance of as many features as there are means.
fn covariance(rows: &[f32], dimensions: usize, mean: &DVector<f64>) -> DMatrix<f64> {
    let mut covariance = DMatrix::zeros(mean.len(), mean.len());
    for block in rows.chunks(ROWS * dimensions) {
        let centered = DMatrix::from_fn(mean.len(), block.len() / dimensions, |feature, row| {
            f64::from(block[row * dimensions + feature]) - mean[feature]
        });
        covariance += &centered * centered.transpose();
    }
    covariance / (rows.len() / dimensions).max(1) as f64
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    /// Makes rows around (1, 2, ...) that vary by `deviations` along a rotated set of axes.
    fn rows(deviations: &[f64], count: usize) -> Vec<f32> {
        let mut rng = StdRng::seed_from_u64(4);
        let size = deviations.len();
        let turn = DMatrix::from_fn(size, size, |_, _| rng.random_range(-1.0..1.0))
            .qr()
            .q();
        let mut rows = Vec::new();
        for _ in 0..count {
            let along = DVector::from_fn(size, |i, _| {
                deviations[i] * 3.0_f64.sqrt() * rng.random_range(-1.0..1.0)
            });
            let row = &turn * along;
            rows.extend(row.iter().zip(1..).map(|(x, i)| (x + f64::from(i)) as f32));
        }
        rows
    }

    fn variances(part: &Part, rows: &[f32], dimensions: usize) -> Vec<f64> {
        let outputs = part.bias.len();
        let mut sums = vec![0.0; outputs];
        for row in rows.chunks_exact(dimensions) {
            for (output, sum) in sums.iter_mut().enumerate() {
                let weights = part.weights.iter().skip(output).step_by(outputs);
                let dot: f32 = row.iter().zip(weights).map(|(x, w)| x * w).sum();
                *sum += f64::from(dot + part.bias[output]).powi(2);
            }
        }
        let count = (rows.len() / dimensions) as f64;
        sums.into_iter().map(|sum| sum / count).collect()
    }

    #[test]
    fn the_first_components_carry_the_most_variance() {
        let rows = rows(&[5.0, 3.0, 1.0, 0.2, 0.1], 4000);
        let mut rng = StdRng::seed_from_u64(1);
        let pca = Pca::of(&[&rows], 5, 5, 3, &mut rng);
        let plain = variances(&pca.part(0.0, 1.0), &rows, 5);
        for (found, expected) in plain.iter().zip([25.0, 9.0, 1.0]) {
            assert!((found / expected - 1.0).abs() < 0.1, "{plain:?}");
        }
        let half = variances(&pca.part(0.5, 1.0), &rows, 5);
        let white = variances(&pca.part(1.0, 1.0), &rows, 5);
        for i in 0..3 {
            assert!((half[i] / plain[i].sqrt() - 1.0).abs() < 1e-3, "{half:?}");
            assert!((white[i] - 1.0).abs() < 1e-3, "{white:?}");
        }
    }

    #[test]
    fn groups_count_the_same_and_their_distance_does_not() {
        let (many, few) = (rows(&[2.0, 0.1], 4000), rows(&[2.0, 0.1], 200));
        let far: Vec<f32> = few.iter().map(|value| value + 1000.0).collect();
        let mut rng = StdRng::seed_from_u64(1);
        let pca = Pca::of(&[&many, &far], 2, 2, 2, &mut rng);
        assert!((pca.variances[0] / 4.0 - 1.0).abs() < 0.1, "{pca:?}");
        assert!((pca.mean[0] - 501.0).abs() < 1.0, "{pca:?}");
    }

    #[test]
    fn directions_without_variance_are_left_out() {
        let rows = rows(&[5.0, 3.0, 0.0, 0.0], 50);
        let mut rng = StdRng::seed_from_u64(1);
        assert_eq!(Pca::of(&[&rows], 4, 4, 4, &mut rng).count(), 2);
        let same = [1.0, 2.0, 1.0, 2.0];
        assert_eq!(Pca::of(&[&same], 2, 2, 2, &mut rng).count(), 0);
    }
}
