use serde::{Deserialize, Serialize};

/// The sum over all pixels of each channel, times `factor`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Average {
    pub(crate) channels: usize,
    pub(crate) factor: f32,
}

impl Average {
    /// Reduces `[pixels, channels]` to `[channels]`.
    pub(crate) fn run(&self, source: &[f32], target: &mut [f32]) {
        target.fill(0.0);
        for pixel in source.chunks_exact(self.channels) {
            for (sum, value) in target.iter_mut().zip(pixel) {
                *sum += value;
            }
        }
        for sum in target {
            *sum *= self.factor;
        }
    }
}
