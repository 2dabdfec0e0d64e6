/// Added to lengths before dividing by them: a vector of zeros stays one, and no length that matters
/// changes in f32.
pub(crate) const LENGTH_FLOOR: f32 = 1e-12;

/// What a fine-tuned encoder computes from pooled features: dense maps side by side, each scaled to its
/// share of a vector of unit length.
#[derive(Debug, Clone, PartialEq)]
pub struct Tail {
    /// Whether the features are scaled to unit length before the maps.
    pub unit_features: bool,
    /// The maps, in the order of their outputs.
    pub parts: Vec<Part>,
}

/// One dense map of a [`Tail`].
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// `[features, outputs]`, row after row.
    pub weights: Vec<f32>,
    /// `[outputs]`
    pub bias: Vec<f32>,
    /// Squared length of this part in the result. The shares of all parts add up to one.
    pub share: f32,
}

impl Tail {
    /// Length of the result.
    pub fn dimensions(&self) -> usize {
        self.parts.iter().map(|part| part.bias.len()).sum()
    }

    /// Whether every part takes `features` numbers and gives at least one.
    pub fn takes(&self, features: usize) -> bool {
        !self.parts.is_empty()
            && self.parts.iter().all(|part| {
                !part.bias.is_empty() && part.weights.len() == features * part.bias.len()
            })
    }

    /// The result for the pooled features of one picture: `[dimensions]` numbers, of unit length where
    /// the shares add up to one and no part is zero. The ONNX graph computes the same.
    pub fn apply(&self, features: &[f32]) -> Vec<f32> {
        let factor = if self.unit_features {
            1.0 / (length(features) + LENGTH_FLOOR)
        } else {
            1.0
        };
        let mut result = Vec::with_capacity(self.dimensions());
        for part in &self.parts {
            let mut outputs = part.bias.clone();
            for (row, &feature) in part.weights.chunks(part.bias.len()).zip(features) {
                let feature = feature * factor;
                for (output, weight) in outputs.iter_mut().zip(row) {
                    *output += feature * weight;
                }
            }
            let scale = part.share.sqrt() / (length(&outputs) + LENGTH_FLOOR);
            result.extend(outputs.iter().map(|output| output * scale));
        }
        result
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
        let tail = Tail {
            unit_features: true,
            parts: vec![
                Part {
                    weights: vec![1.0, 0.0, 0.0, 1.0],
                    bias: vec![0.0; 2],
                    share: 0.75,
                },
                Part {
                    weights: vec![2.0, 0.0],
                    bias: vec![0.0],
                    share: 0.25,
                },
            ],
        };
        assert!(tail.takes(2) && !tail.takes(3));
        let result = tail.apply(&[30.0, 40.0]);
        let expected = [0.75_f32.sqrt() * 0.6, 0.75_f32.sqrt() * 0.8, 0.5];
        for (found, expected) in result.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{result:?}");
        }
        assert_eq!(tail.apply(&[0.0, 0.0]), [0.0; 3]);
    }
}
