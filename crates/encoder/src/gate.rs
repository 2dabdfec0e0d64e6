/// Decides how much the first part of a [`ProjectionHead`](crate::ProjectionHead) counts: much for
/// images like those that it was trained on, little for others, about which it knows nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// Weights of the last part's direction, one for each of its outputs.
    pub weights: Vec<f32>,
    /// Summand.
    pub bias: f32,
}

impl Gate {
    /// Returns how far the gate is open for the last part's direction, 0 to 1: the logistic
    /// function of a weighted sum.
    pub fn open(&self, direction: &[f32]) -> f32 {
        let products = self.weights.iter().zip(direction).map(|(a, b)| a * b);
        let sum: f32 = products.sum();
        1.0 / (1.0 + (-sum - self.bias).exp())
    }
}
