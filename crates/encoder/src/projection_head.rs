use crate::gate::Gate;

/// Added to lengths before dividing by them, so that a vector of zeros stays zero. Too small to
/// change any other length in f32.
pub(crate) const LENGTH_FLOOR: f32 = 1e-12;

/// The computation of a fine-tuned encoder on pooled features: parallel dense maps, each scaled to
/// its share of a vector of unit length.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectionHead {
    /// The maps, in the order of their outputs.
    pub parts: Vec<Part>,
    /// Makes the share of the first part follow the image. The last part gets what is left; there
    /// are two parts then.
    pub gate: Option<Gate>,
}

/// One dense map of a [`ProjectionHead`].
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// `[features, outputs]`, row after row.
    pub weights: Vec<f32>,
    /// Bias, `[outputs]`.
    pub bias: Vec<f32>,
    /// Use of the outputs.
    pub kind: PartKind,
    /// Squared length of this part in the result. The shares of all parts sum to one. Behind a
    /// gate, that of the first part is the most it can get.
    pub share: f32,
}

/// The use of a dense map's outputs.
#[derive(Debug, Clone, PartialEq)]
pub enum PartKind {
    /// The outputs are the part.
    Direction,
    /// The outputs are logits: the part consists of the roots of their softmax. The cosine of two
    /// images is then the Bhattacharyya coefficient of their class probabilities.
    Likelihoods {
        /// `[outputs, fewer]`, row after row: a map of the roots to fewer numbers. Empty for no
        /// map.
        projection: Vec<f32>,
    },
}

impl ProjectionHead {
    /// Returns the length of the result.
    pub fn dimensions(&self) -> usize {
        self.parts.iter().map(Part::dimensions).sum()
    }

    /// True if every part takes `features` numbers and returns at least one.
    pub fn takes(&self, features: usize) -> bool {
        let gated = |gate: &Gate| match self.parts.as_slice() {
            [_, last] => gate.weights.len() == last.dimensions(),
            _ => false,
        };
        !self.parts.is_empty()
            && self.parts.iter().all(|part| part.takes(features))
            && self.gate.as_ref().is_none_or(gated)
    }

    /// Returns the result for the pooled features of one image: `[dimensions]` numbers, of unit
    /// length if the shares sum to one and no part is zero. The ONNX graph computes the same.
    pub fn apply(&self, features: &[f32]) -> Vec<f32> {
        let directions: Vec<Vec<f32>> = self
            .parts
            .iter()
            .map(|part| part.direction(features))
            .collect();
        let mut shares: Vec<f32> = self.parts.iter().map(|part| part.share).collect();
        if let (Some(gate), [first, last], [_, typical]) =
            (&self.gate, shares.as_mut_slice(), directions.as_slice())
        {
            *first *= gate.open(typical);
            *last = 1.0 - *first;
        }
        let mut result = Vec::with_capacity(self.dimensions());
        for (direction, share) in directions.iter().zip(shares) {
            result.extend(direction.iter().map(|output| output * share.sqrt()));
        }
        result
    }
}

impl Part {
    /// Returns the length of the part's result.
    pub fn dimensions(&self) -> usize {
        match &self.kind {
            PartKind::Likelihoods { projection } if !projection.is_empty() => {
                projection.len() / self.bias.len().max(1)
            }
            _ => self.bias.len(),
        }
    }

    /// Returns the part's result for the pooled features of one image, at unit length unless it is
    /// zero.
    pub fn direction(&self, features: &[f32]) -> Vec<f32> {
        let mut outputs = self.bias.clone();
        add_product(&mut outputs, features, &self.weights);
        if let PartKind::Likelihoods { projection } = &self.kind {
            softmax_roots(&mut outputs);
            if !projection.is_empty() {
                let mut fewer = vec![0.0; projection.len() / outputs.len()];
                add_product(&mut fewer, &outputs, projection);
                outputs = fewer;
            }
        }
        let length = length(&outputs) + LENGTH_FLOOR;
        outputs.iter_mut().for_each(|output| *output /= length);
        outputs
    }

    fn takes(&self, features: usize) -> bool {
        let outputs = self.bias.len();
        let projects = match &self.kind {
            PartKind::Direction => true,
            PartKind::Likelihoods { projection } => {
                outputs > 0 && projection.len().is_multiple_of(outputs)
            }
        };
        outputs > 0 && self.weights.len() == features * outputs && projects
    }
}

/// Adds `vector * matrix` to the sums; the matrix is `[vector, sums]`, row after row.
fn add_product(sums: &mut [f32], vector: &[f32], matrix: &[f32]) {
    for (row, &factor) in matrix.chunks_exact(sums.len()).zip(vector) {
        for (sum, weight) in sums.iter_mut().zip(row) {
            *sum += factor * weight;
        }
    }
}

fn softmax_roots(logits: &mut [f32]) {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f32 = logits.iter().map(|logit| (logit - largest).exp()).sum();
    for logit in logits {
        *logit = ((*logit - largest).exp() / total).sqrt();
    }
}

fn length(vector: &[f32]) -> f32 {
    vector.iter().map(|value| value * value).sum::<f32>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_their_share_of_the_length_and_zeros_stay_zeros() {
        let head = ProjectionHead {
            parts: vec![
                Part {
                    weights: vec![1.0, 0.0, 0.0, 1.0],
                    bias: vec![0.0; 2],
                    kind: PartKind::Direction,
                    share: 0.75,
                },
                Part {
                    weights: vec![2.0, 0.0],
                    bias: vec![0.0],
                    kind: PartKind::Direction,
                    share: 0.25,
                },
            ],
            gate: None,
        };
        assert!(head.takes(2) && !head.takes(3));
        let result = head.apply(&[30.0, 40.0]);
        let expected = [0.75_f32.sqrt() * 0.6, 0.75_f32.sqrt() * 0.8, 0.5];
        for (found, expected) in result.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{result:?}");
        }
        assert_eq!(head.apply(&[0.0, 0.0]), [0.0; 3]);
    }

    #[test]
    fn likelihoods_are_roots_of_a_softmax() {
        let mut part = Part {
            weights: vec![1.0, -1.0],
            bias: vec![0.0, 1.0],
            kind: PartKind::Likelihoods { projection: vec![] },
            share: 1.0,
        };
        let head = |part: &Part| ProjectionHead {
            parts: vec![part.clone()],
            gate: None,
        };
        let found = head(&part).apply(&[1.0]);
        let first = 1.0 / (1.0 + (-1.0_f32).exp());
        assert!(
            (found[0].powi(2) - first).abs() < 1e-6
                && (found[1].powi(2) - 1.0 + first).abs() < 1e-6
        );
        assert_eq!(head(&part).apply(&[1e9]), [1.0, 0.0]);
        part.kind = PartKind::Likelihoods {
            projection: vec![2.0, 0.0],
        };
        assert_eq!(part.dimensions(), 1);
        assert_eq!(head(&part).apply(&[1.0]), [1.0]);
    }

    #[test]
    fn a_gate_shifts_length_from_the_first_part_to_the_last() {
        let part = |weights: &[f32], share| Part {
            weights: weights.to_vec(),
            bias: vec![0.0],
            kind: PartKind::Direction,
            share,
        };
        let mut head = ProjectionHead {
            parts: vec![part(&[1.0, 0.0], 0.6), part(&[0.0, 1.0], 0.4)],
            gate: Some(Gate {
                weights: vec![100.0],
                bias: 0.0,
            }),
        };
        assert!(head.takes(2));
        let [open, closed] = [[1.0, 1.0], [1.0, -1.0]].map(|features| head.apply(&features));
        assert!((open[0].powi(2) - 0.6).abs() < 1e-6 && (open[1].powi(2) - 0.4).abs() < 1e-6);
        assert!(
            closed[0] < 1e-6 && (closed[1] + 1.0).abs() < 1e-6,
            "{closed:?}"
        );
        // Without a direction, the gate is at its bias.
        assert!((head.apply(&[1.0, 0.0])[0].powi(2) - 0.3).abs() < 1e-6);
        head.parts.pop();
        assert!(!head.takes(2), "a gate needs two parts");
    }
}
