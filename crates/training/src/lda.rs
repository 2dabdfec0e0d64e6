use nalgebra::{Cholesky, DMatrix};

use crate::targets::Targets;

/// Minimum length of a block, so that a block of constants does not cause a division by zero.
const MIN_DEVIATION: f64 = 1e-4;
/// Number of rows that are multiplied at once.
const ROWS: usize = 2048;

/// Linear discriminant analysis: the directions in which the means of labels differ most, relative
/// to the scatter of images of one label around their mean (Fisher 1936, Rao 1948).
#[derive(Debug, Clone)]
pub(crate) struct Lda {
    /// `[features, directions]`: maps features to directions in which the scatter is equal.
    pub(crate) directions: DMatrix<f64>,
    /// `[directions, labels]`: maps directions to the logarithm of each label's likelihood.
    pub(crate) classes: DMatrix<f64>,
    /// Summand of each label.
    pub(crate) bias: Vec<f64>,
}

impl Lda {
    /// Analyzes the images of `targets`, rows of `scales.len()` features, with labels from 0, each of
    /// which occurs; returns at most `most` directions. Features count as multiplied by their scale. The share
    /// `shrinkage`, above 0 and at most 1, of the scatter counts as equal in all directions;
    /// without it, few images with many features would have no scatter in some. `None` if no two
    /// labels have different means, or numbers overflow.
    pub(crate) fn of(
        rows: &[f32],
        targets: &Targets,
        scales: &[f64],
        shrinkage: f64,
        most: usize,
    ) -> Option<Lda> {
        let dimensions = scales.len();
        let mut means = means(rows, dimensions, targets);
        let mut scatter = scatter(rows, targets, &means);
        for (feature, &scale) in scales.iter().enumerate() {
            scatter.row_mut(feature).scale_mut(scale);
            scatter.column_mut(feature).scale_mut(scale);
            means.row_mut(feature).scale_mut(scale);
        }
        let ridge = shrinkage * scatter.trace() / dimensions as f64;
        scatter *= 1.0 - shrinkage;
        for feature in 0..dimensions {
            // Features that never vary must not cause a division by zero.
            scatter[(feature, feature)] += ridge.max(1e-12);
        }
        let root = Cholesky::new(scatter)?.unpack();
        // Columns are labels, centered by the mean of all images, which shifts all logits equally.
        let center = center(&means, &targets.labels);
        let mut apart = means.clone();
        apart.column_iter_mut().for_each(|mut mean| mean -= &center);
        let white = root.solve_lower_triangular(&apart)?;
        let (axes, classes) = decompose(&white, most)?;
        let mut directions = root.tr_solve_lower_triangular(&axes)?;
        let across = directions.transpose() * &center;
        for (feature, &scale) in scales.iter().enumerate() {
            directions.row_mut(feature).scale_mut(scale);
        }
        let bias = (0..classes.ncols())
            .map(|label| {
                let class = classes.column(label);
                -class.dot(&class) / 2.0 - class.dot(&across)
            })
            .collect();
        Some(Lda {
            directions,
            classes,
            bias,
        })
    }
}

/// Returns factors that give blocks of features equal weight: every block is divided by the root of
/// the mean squared length of its rows around their mean.
pub(crate) fn scales(deviations: &[f32], blocks: &[usize]) -> Vec<f64> {
    let mut scales = Vec::with_capacity(deviations.len());
    for &size in blocks {
        let block = &deviations[scales.len()..][..size];
        let squares = block.iter().map(|&deviation| f64::from(deviation).powi(2));
        let length = squares.sum::<f64>().sqrt().max(MIN_DEVIATION);
        scales.extend(std::iter::repeat_n(1.0 / length, size));
    }
    scales
}

/// Decomposes the matrix `[features, labels]` into directions `[features, count]` of unit length
/// times `[count, labels]`, without empty directions.
fn decompose(matrix: &DMatrix<f64>, most: usize) -> Option<(DMatrix<f64>, DMatrix<f64>)> {
    let parts = matrix.clone().svd(true, false);
    let axes = parts.u?;
    let mut order: Vec<usize> = (0..parts.singular_values.len()).collect();
    order.sort_by(|&a, &b| parts.singular_values[b].total_cmp(&parts.singular_values[a]));
    let largest = parts.singular_values[*order.first()?];
    order.retain(|&i| parts.singular_values[i] > largest * 1e-6);
    order.truncate(most);
    if order.is_empty() || !largest.is_finite() || largest == 0.0 {
        return None;
    }
    let axes = axes.select_columns(&order);
    let classes = axes.transpose() * matrix;
    Some((axes, classes))
}

/// Returns the mean of each label, `[features, labels]`.
fn means(rows: &[f32], dimensions: usize, targets: &Targets) -> DMatrix<f64> {
    let labels = &targets.labels;
    let count = labels.iter().max().map_or(0, |&label| label as usize + 1);
    let mut means = DMatrix::zeros(dimensions, count);
    let mut counts = vec![0.0_f64; count];
    for (&image, &label) in targets.images.iter().zip(labels) {
        let row = &rows[image * dimensions..][..dimensions];
        counts[label as usize] += 1.0;
        for (sum, &value) in means.column_mut(label as usize).iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    }
    for (mut mean, count) in means.column_iter_mut().zip(counts) {
        mean /= count.max(1.0);
    }
    means
}

/// Returns the mean over images.
fn center(means: &DMatrix<f64>, labels: &[u32]) -> nalgebra::DVector<f64> {
    let mut sum = nalgebra::DVector::zeros(means.nrows());
    for &label in labels {
        sum += means.column(label as usize);
    }
    sum / labels.len().max(1) as f64
}

/// Returns the covariance of rows around the means of their labels.
fn scatter(rows: &[f32], targets: &Targets, means: &DMatrix<f64>) -> DMatrix<f64> {
    let dimensions = means.nrows();
    let mut scatter = DMatrix::zeros(dimensions, dimensions);
    let (images, labels) = (targets.images.chunks(ROWS), targets.labels.chunks(ROWS));
    for (images, labels) in images.zip(labels) {
        let around = DMatrix::from_fn(dimensions, labels.len(), |feature, pair| {
            let mean = means[(feature, labels[pair] as usize)];
            f64::from(rows[images[pair] * dimensions + feature]) - mean
        });
        scatter += &around * around.transpose();
    }
    scatter / targets.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;
    use crate::image_labels::ImageLabels;

    /// Makes three labels whose means differ in the first feature; the second one varies much, the
    /// third not at all.
    fn rows() -> (Vec<f32>, Vec<u32>) {
        let mut rng = StdRng::seed_from_u64(3);
        let labels: Vec<u32> = (0..300).map(|i| i % 3).collect();
        let row = |&label: &u32| {
            let near = rng.random_range(-1.0_f32..1.0);
            [
                label as f32 * 4.0 + near,
                rng.random_range(-90.0_f32..90.0),
                7.0,
            ]
        };
        (labels.iter().flat_map(row).collect(), labels)
    }

    fn targets(labels: &[u32]) -> Targets {
        Targets::of(&labels.to_vec().into())
    }

    /// Returns an analysis as numbers.
    fn numbers(found: &Lda) -> Vec<f64> {
        let directions = found.directions.iter().chain(found.classes.iter());
        directions.chain(&found.bias).copied().collect()
    }

    #[test]
    fn an_image_of_two_labels_counts_as_two_images() {
        let (rows, labels) = rows();
        let both = |image: usize| match image % 5 {
            0 => vec![labels[image], (labels[image] + 1) % 3],
            _ => vec![labels[image]],
        };
        let several = Targets::of(&ImageLabels::new((0..labels.len()).map(both)));
        let images = several.images.iter();
        let repeated: Vec<f32> = images.flat_map(|&i| rows[3 * i..][..3].to_vec()).collect();
        let analyze = |rows: &[f32], targets| Lda::of(rows, targets, &[1.0; 3], 0.1, 9).unwrap();
        let single = targets(&several.labels);
        let expected = analyze(&repeated, &single);
        assert_eq!(numbers(&analyze(&rows, &several)), numbers(&expected));
    }

    fn logits(found: &Lda, row: &[f32]) -> Vec<f64> {
        let row = DMatrix::from_fn(1, row.len(), |_, i| f64::from(row[i]));
        let logits = row * &found.directions * &found.classes;
        logits.iter().zip(&found.bias).map(|(a, b)| a + b).collect()
    }

    #[test]
    fn the_likeliest_label_is_the_right_one_and_odds_are_those_of_gauss() {
        let (rows, labels) = rows();
        let found = Lda::of(&rows, &targets(&labels), &[1.0; 3], 1e-6, 9).unwrap();
        assert!(found.directions.ncols() <= 2);
        for (row, &label) in rows.chunks_exact(3).zip(&labels) {
            let logits = logits(&found, row);
            let best = (0..3)
                .max_by(|&a, &b| logits[a].total_cmp(&logits[b]))
                .unwrap();
            assert_eq!(best as u32, label);
        }
        // Between means 0 and 4 with a variance of 1/3, the log odds fall by 12 a unit.
        let odds = |x: f32| {
            let logits = logits(&found, &[x, 0.0, 7.0]);
            logits[1] - logits[0]
        };
        assert!(
            (odds(3.0) - odds(2.0) - 12.0).abs() < 1.5,
            "{}",
            odds(3.0) - odds(2.0)
        );
        assert!(odds(2.0).abs() < 2.0);
    }

    #[test]
    fn fewer_directions_and_nothing_to_tell_apart() {
        let (rows, labels) = rows();
        let one = Lda::of(&rows, &targets(&labels), &[0.5, 1.0, 2.0], 0.1, 1).unwrap();
        assert_eq!(one.directions.shape(), (3, 1));
        assert_eq!(one.classes.shape(), (1, 3));
        let same = vec![1.0; 30];
        let labels = [0, 1, 0, 1, 0, 1, 0, 1, 0, 1];
        assert!(Lda::of(&same, &targets(&labels), &[1.0; 3], 0.1, 1).is_none());
    }

    #[test]
    fn blocks_weigh_the_same() {
        let scales = scales(&[3.0, 4.0, 0.6, 0.8, 0.0], &[2, 2, 1]);
        assert_eq!(scales[..2], [0.2, 0.2]);
        assert!((scales[2] - 1.0).abs() < 1e-6 && scales[2] == scales[3]);
        assert!(scales[4].is_finite());
    }
}
