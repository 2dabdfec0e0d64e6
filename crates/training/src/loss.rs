//! The losses of training. All are means over the batch, so that its size does not matter.

use candle_core::{D, DType, Result, Tensor};
use candle_nn::ops::log_softmax;

/// Added where a softmax must not look.
const NOWHERE: f64 = -1e9;

/// The roots of the softmax of each row, which have unit length: rows of an embedding.
pub(crate) fn likelihood_roots(logits: &Tensor) -> Result<Tensor> {
    // Half a logarithm is that of the root, and has a gradient where the likelihood vanishes.
    (log_softmax(logits, D::Minus1)? * 0.5)?.exp()
}

/// Cross-entropy of `logits` `[batch, classes]` with the labels, smoothed (Szegedy et al. 2016): the
/// share `smoothing` of the target is spread over all classes. Each row counts by the weight of its
/// class; `one_hot` is `[batch, classes]`, `weights` `[batch]`.
pub(crate) fn cross_entropy(
    logits: &Tensor,
    one_hot: &Tensor,
    weights: &Tensor,
    smoothing: f64,
) -> Result<Tensor> {
    let classes = logits.dim(1)? as f64;
    let logs = log_softmax(logits, D::Minus1)?;
    let target = ((one_hot * (1.0 - smoothing))? + smoothing / classes)?;
    let rows = (logs * target)?.sum(1)?.neg()?;
    (rows * weights)?.sum_all()?.div(&weights.sum_all()?)
}

/// Supervised contrastive loss (Khosla et al. 2020, the sum outside of the logarithm) of unit vectors
/// `[batch, dimensions]`. Each row is pulled to the others of its label and pushed from the rest;
/// rows that are alone in their label have no part in the mean.
pub(crate) fn supervised_contrast(
    vectors: &Tensor,
    labels: &[u32],
    temperature: f64,
) -> Result<Tensor> {
    let count = labels.len();
    let device = vectors.device();
    let same = |i: usize, j: usize| i != j && labels[i] == labels[j];
    let pairs = (0..count * count).map(|place| (place / count, place % count));
    let positive: Vec<f32> = pairs
        .map(|(i, j)| f32::from(u8::from(same(i, j))))
        .collect();
    let mates: Vec<f32> = positive.chunks(count).map(|row| row.iter().sum()).collect();
    let rows = mates.iter().filter(|&&mates| mates > 0.0).count();
    if rows == 0 {
        return Tensor::zeros((), DType::F32, device);
    }
    // Each positive pair counts by one over the positives of its row, over the rows that have any.
    let shares: Vec<f32> = positive
        .iter()
        .enumerate()
        .map(|(place, positive)| positive / (mates[place / count].max(1.0) * rows as f32))
        .collect();
    let shares = Tensor::from_vec(shares, (count, count), device)?;
    let itself = (Tensor::eye(count, DType::F32, device)? * NOWHERE)?;
    let similar = (vectors.matmul(&vectors.t()?)? / temperature)?;
    let logs = log_softmax(&(similar + itself)?, D::Minus1)?;
    (logs * shares)?.sum_all()?.neg()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use candle_core::{Device, Var};

    use super::*;

    fn tensor<const N: usize, const M: usize>(rows: [[f32; M]; N]) -> Tensor {
        Tensor::new(&rows, &Device::Cpu).unwrap()
    }

    fn number(tensor: &Tensor) -> f32 {
        tensor.to_scalar().unwrap()
    }

    #[test]
    fn cross_entropy_by_hand() {
        let logits = tensor([[0.0, 0.0], [2.0, 0.0]]);
        let one_hot = tensor([[1.0, 0.0], [0.0, 1.0]]);
        let weights = Tensor::new(&[1.0_f32, 3.0], &Device::Cpu).unwrap();
        let (first, second) = (2.0_f32.ln(), (1.0 + 2.0_f32.exp()).ln());
        let found = number(&cross_entropy(&logits, &one_hot, &weights, 0.0).unwrap());
        assert!((found - (first + 3.0 * second) / 4.0).abs() < 1e-5);
        let found = number(&cross_entropy(&logits, &one_hot, &weights, 0.2).unwrap());
        let second = 0.9 * second + 0.1 * (1.0 + (-2.0_f32).exp()).ln();
        assert!((found - (first + 3.0 * second) / 4.0).abs() < 1e-5);
    }

    #[test]
    fn contrast_by_hand_and_without_pairs() {
        let vectors = tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]]);
        let found = number(&supervised_contrast(&vectors, &[7, 7, 3], 0.5).unwrap());
        let (ab, ac, bc) = (1.2_f32, 0.0_f32, 1.6_f32);
        let of_a = -(ab - (ab.exp() + ac.exp()).ln());
        let of_b = -(ab - (ab.exp() + bc.exp()).ln());
        assert!((found - (of_a + of_b) / 2.0).abs() < 1e-5, "{found}");
        assert_eq!(
            number(&supervised_contrast(&vectors, &[1, 2, 3], 0.5).unwrap()),
            0.0
        );
    }

    #[test]
    fn roots_have_unit_length_and_a_finite_gradient() {
        let rows = Var::from_tensor(&tensor([[0.0, 0.0], [500.0, -500.0]])).unwrap();
        let roots = likelihood_roots(rows.as_tensor()).unwrap();
        let found = roots.to_vec2::<f32>().unwrap();
        assert!((found[0][0] - 0.5_f32.sqrt()).abs() < 1e-6);
        assert_eq!(found[1], [1.0, 0.0]);
        let gradients = roots.sum_all().unwrap().backward().unwrap();
        let gradient = gradients.get(rows.as_tensor()).unwrap();
        let values = gradient.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!(values.iter().all(|value| value.is_finite()), "{values:?}");
    }
}
