//! The losses that training minimizes, with their gradients. Columns are images, and all losses are means
//! over the batch, so that its size does not matter.

use nalgebra::DMatrix;

/// Similarity of an image to itself, which the softmax must ignore.
const MASKED: f32 = -1e9;

/// A loss, and its gradient with respect to its input.
pub(crate) struct Loss {
    pub(crate) value: f32,
    pub(crate) gradient: DMatrix<f32>,
}

/// Returns the roots of the softmax of each column, which have unit length: columns of an
/// embedding.
pub(crate) fn likelihood_roots(logits: &DMatrix<f32>) -> DMatrix<f32> {
    // Half a logarithm is the logarithm of the root.
    log_softmax(logits).map(|log| (0.5 * log).exp())
}

/// Returns the gradient of the logits, given their [`likelihood_roots`] and the gradient of these
/// roots.
pub(crate) fn likelihood_roots_gradient(
    roots: &DMatrix<f32>,
    gradient: &DMatrix<f32>,
) -> DMatrix<f32> {
    let mut of_logits = gradient.clone();
    for (mut column, roots) in of_logits.column_iter_mut().zip(roots.column_iter()) {
        let along = column.dot(&roots);
        column.zip_apply(&roots, |gradient, root| {
            *gradient = 0.5 * root * (*gradient - root * along);
        });
    }
    of_logits
}

/// Computes the cross-entropy of `logits` `[classes, images]` with the labels, smoothed (Szegedy et
/// al. 2016): the share `smoothing` of the target is spread over all classes. Each image counts by
/// its weight.
pub(crate) fn cross_entropy(
    logits: &DMatrix<f32>,
    labels: &[u32],
    weights: &[f32],
    smoothing: f32,
) -> Loss {
    let spread = smoothing / logits.nrows() as f32;
    let total: f32 = weights.iter().sum();
    let mut value = 0.0;
    let mut gradient = log_softmax(logits);
    let images = labels.iter().zip(weights);
    for (mut logs, (&label, weight)) in gradient.column_iter_mut().zip(images) {
        let share = weight / total;
        for (class, log) in logs.iter_mut().enumerate() {
            let own = f32::from(u8::from(class == label as usize));
            let target = own * (1.0 - smoothing) + spread;
            value -= *log * target * share;
            *log = (log.exp() - target) * share;
        }
    }
    Loss { value, gradient }
}

/// Computes the supervised contrastive loss (Khosla et al. 2020, the sum outside of the logarithm)
/// of unit vectors `[dimensions, images]`. Each image is pulled to the others of its label and
/// pushed from the rest; images that are alone in their label are left out of the mean.
pub(crate) fn supervised_contrast(
    vectors: &DMatrix<f32>,
    labels: &[u32],
    temperature: f32,
) -> Loss {
    let mates = |image: usize| labels.iter().filter(|&&l| l == labels[image]).count() - 1;
    let mates: Vec<usize> = (0..labels.len()).map(mates).collect();
    let paired = mates.iter().filter(|&&mates| mates > 0).count();
    if paired == 0 {
        return Loss {
            value: 0.0,
            gradient: DMatrix::zeros(vectors.nrows(), vectors.ncols()),
        };
    }
    let mut similar = vectors.transpose() * vectors / temperature;
    similar.fill_diagonal(MASKED);
    let mut value = 0.0;
    let mut gradient = log_softmax(&similar);
    for (image, mut logs) in gradient.column_iter_mut().enumerate() {
        let counts = if mates[image] > 0 { 1.0 } else { 0.0 } / paired as f32;
        for (other, log) in logs.iter_mut().enumerate() {
            let positive = other != image && labels[other] == labels[image];
            // Each positive pair counts by one over the positives of its image.
            let share = if positive {
                counts / mates[image] as f32
            } else {
                0.0
            };
            value -= *log * share;
            *log = log.exp() * counts - share;
        }
    }
    // Each similarity depends on two of the vectors.
    let both = &gradient + gradient.transpose();
    Loss {
        value,
        gradient: vectors * both / temperature,
    }
}

/// Returns the logarithms of the softmax of each column.
fn log_softmax(logits: &DMatrix<f32>) -> DMatrix<f32> {
    let mut logs = logits.clone();
    for mut column in logs.column_iter_mut() {
        let max = column.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f32 = column.iter().map(|logit| (logit - max).exp()).sum();
        column.apply(|logit| *logit -= max + sum.ln());
    }
    logs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes columns of numbers, one for each image.
    fn images<const N: usize, const M: usize>(columns: [[f32; M]; N]) -> DMatrix<f32> {
        DMatrix::from_column_slice(M, N, columns.as_flattened())
    }

    /// Checks that the gradient is the change of the loss with each number.
    fn check_gradient(inputs: &DMatrix<f32>, loss: impl Fn(&DMatrix<f32>) -> Loss) {
        const STEP: f32 = 1e-2;
        let gradient = loss(inputs).gradient;
        for place in 0..inputs.len() {
            let at = |step: f32| {
                let mut moved = inputs.clone();
                moved[place] += step;
                loss(&moved).value
            };
            let slope = (at(STEP) - at(-STEP)) / (2.0 * STEP);
            let found = gradient[place];
            assert!(
                (found - slope).abs() < 1e-3,
                "{place}: {found}, slope {slope}"
            );
        }
    }

    #[test]
    fn cross_entropy_by_hand() {
        let logits = images([[0.0, 0.0], [2.0, 0.0]]);
        let found = |smoothing| cross_entropy(&logits, &[0, 0], &[1.0, 3.0], smoothing).value;
        let (first, second) = (2.0_f32.ln(), (1.0 + (-2.0_f32).exp()).ln());
        assert!((found(0.0) - (first + 3.0 * second) / 4.0).abs() < 1e-5);
        let second = 0.9 * second + 0.1 * (1.0 + 2.0_f32.exp()).ln();
        assert!((found(0.2) - (first + 3.0 * second) / 4.0).abs() < 1e-5);
    }

    #[test]
    fn contrast_by_hand_and_without_pairs() {
        let vectors = images([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]]);
        let found = supervised_contrast(&vectors, &[7, 7, 3], 0.5).value;
        let (ab, ac, bc) = (1.2_f32, 0.0_f32, 1.6_f32);
        let of_a = -(ab - (ab.exp() + ac.exp()).ln());
        let of_b = -(ab - (ab.exp() + bc.exp()).ln());
        assert!((found - (of_a + of_b) / 2.0).abs() < 1e-5, "{found}");
        let alone = supervised_contrast(&vectors, &[1, 2, 3], 0.5);
        assert_eq!(alone.value, 0.0);
        assert!(alone.gradient.iter().all(|&x| x == 0.0));
    }

    #[test]
    fn gradients_are_slopes() {
        let logits = images([
            [0.3, -1.2, 0.8],
            [1.5, 0.1, -0.4],
            [-0.7, 0.9, 0.2],
            [0.5, 0.4, 1.1],
        ]);
        let labels = [0, 2, 0, 1];
        check_gradient(&logits, |logits| {
            cross_entropy(logits, &labels, &[1.0, 0.5, 1.0, 2.0], 0.1)
        });
        check_gradient(&logits, |vectors| {
            supervised_contrast(vectors, &labels, 0.7)
        });
        check_gradient(&logits, |logits| {
            let roots = likelihood_roots(logits);
            let Loss { value, gradient } = supervised_contrast(&roots, &labels, 0.7);
            let gradient = likelihood_roots_gradient(&roots, &gradient);
            Loss { value, gradient }
        });
    }

    #[test]
    fn roots_have_unit_length_and_a_finite_gradient() {
        let roots = likelihood_roots(&images([[0.0, 0.0], [500.0, -500.0]]));
        assert!((roots[0] - 0.5_f32.sqrt()).abs() < 1e-6);
        assert_eq!(roots.column(1).as_slice(), [1.0, 0.0]);
        let gradient = likelihood_roots_gradient(&roots, &DMatrix::from_element(2, 2, 1.0));
        assert!(gradient.iter().all(|value| value.is_finite()), "{gradient}");
    }
}
