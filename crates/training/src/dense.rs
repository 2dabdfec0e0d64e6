//! A dense layer trained with AdamW. Columns are images.

use nalgebra::DMatrix;

/// Decay rates of the two moments and the summand that keeps the divisor above zero, as in the
/// paper.
const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// Parameters of one step of AdamW (Loshchilov and Hutter 2019), in addition to the gradients.
pub(crate) struct AdamStep {
    /// Number of this step, from 1.
    pub(crate) number: usize,
    pub(crate) learning_rate: f64,
    pub(crate) weight_decay: f64,
}

/// Weights `[outputs, inputs]` and a bias `[outputs, 1]`.
pub(crate) struct Dense {
    weights: Parameter,
    bias: Parameter,
}

impl Dense {
    pub(crate) fn new(weights: DMatrix<f32>, bias: DMatrix<f32>) -> Self {
        Self {
            weights: Parameter::new(weights),
            bias: Parameter::new(bias),
        }
    }

    pub(crate) fn weights(&self) -> &DMatrix<f32> {
        &self.weights.values
    }

    pub(crate) fn bias(&self) -> &DMatrix<f32> {
        &self.bias.values
    }

    /// Maps `[inputs, images]` to `[outputs, images]`.
    pub(crate) fn forward(&self, inputs: &DMatrix<f32>) -> DMatrix<f32> {
        let mut outputs = self.weights() * inputs;
        for mut column in outputs.column_iter_mut() {
            column += self.bias();
        }
        outputs
    }

    /// Returns the gradient of the inputs, given that of the outputs.
    pub(crate) fn backward(&self, gradient: &DMatrix<f32>) -> DMatrix<f32> {
        self.weights().transpose() * gradient
    }

    /// Makes one step, given the input of [`Dense::forward`] and the gradient of its output.
    pub(crate) fn learn(
        &mut self,
        inputs: &DMatrix<f32>,
        gradient: &DMatrix<f32>,
        step: &AdamStep,
    ) {
        self.weights.learn(&(gradient * inputs.transpose()), step);
        let sums = gradient.column_sum();
        self.bias.learn(
            &DMatrix::from_column_slice(sums.len(), 1, sums.as_slice()),
            step,
        );
    }
}

/// Trained numbers with the moving averages of their gradients and of the squares of these.
struct Parameter {
    values: DMatrix<f32>,
    mean: DMatrix<f32>,
    square: DMatrix<f32>,
}

impl Parameter {
    fn new(values: DMatrix<f32>) -> Self {
        let zeros = DMatrix::zeros(values.nrows(), values.ncols());
        Self {
            mean: zeros.clone(),
            square: zeros,
            values,
        }
    }

    fn learn(&mut self, gradient: &DMatrix<f32>, step: &AdamStep) {
        // The averages start at zero, which these factors compensate.
        let number = step.number as i32;
        let mean_scale = (1.0 / (1.0 - f64::from(BETA_1).powi(number))) as f32;
        let square_scale = (1.0 / (1.0 - f64::from(BETA_2).powi(number))) as f32;
        let kept = (1.0 - step.learning_rate * step.weight_decay) as f32;
        let rate = step.learning_rate as f32;
        let averages = self.mean.iter_mut().zip(self.square.iter_mut());
        let numbers = self.values.iter_mut().zip(averages).zip(gradient.iter());
        for ((value, (mean, square)), gradient) in numbers {
            *mean = *mean * BETA_1 + gradient * (1.0 - BETA_1);
            *square = *square * BETA_2 + gradient * gradient * (1.0 - BETA_2);
            let direction = *mean * mean_scale / ((*square * square_scale).sqrt() + EPSILON);
            *value = *value * kept - direction * rate;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(number: usize) -> AdamStep {
        AdamStep {
            number,
            learning_rate: 0.1,
            weight_decay: 0.5,
        }
    }

    #[test]
    fn two_steps_by_hand() {
        let mut layer = Dense::new(
            DMatrix::from_element(1, 1, 2.0),
            DMatrix::from_element(1, 1, 1.0),
        );
        let inputs = DMatrix::from_row_slice(1, 2, &[1.0, 3.0]);
        assert_eq!(layer.forward(&inputs).as_slice(), [3.0, 7.0]);
        let gradient = DMatrix::from_row_slice(1, 2, &[0.5, 0.5]);
        assert_eq!(layer.backward(&gradient).as_slice(), [1.0, 1.0]);
        // In the first step the averages are the gradient and its square, so only its sign counts.
        layer.learn(&inputs, &gradient, &step(1));
        let first = 2.0 * 0.95 - 0.1;
        assert!((layer.weights()[0] - first).abs() < 1e-5);
        // The gradient of the weight was 2 and is now -4.
        layer.learn(&inputs, &(gradient * -2.0), &step(2));
        let mean = (0.9 * 0.2 - 0.1 * 4.0) / (1.0 - 0.81);
        let square: f32 = (0.999 * 0.004 + 0.001 * 16.0) / (1.0 - 0.998_001);
        let second = first * 0.95 - 0.1 * mean / square.sqrt();
        assert!((layer.weights()[0] - second).abs() < 1e-4);
    }
}
