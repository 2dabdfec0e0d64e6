use serde::{Deserialize, Serialize};

use super::weights::{Lines, Weights};
use super::{Filter, Pointwise, scratch};
use crate::kernels::{Instructions, Source};

/// A convolution over all channels. The depth of its pointwise part is `channels * height * width`
/// of the filter, in the order of [`Convolution::steps`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Convolution<W = Lines> {
    pub(crate) filter: Filter,
    pub(crate) channels: usize,
    /// True if the input is `[channels, height, width]`.
    pub(crate) channels_first: bool,
    pub(crate) pointwise: Pointwise<W>,
    /// Offsets of a position's factors from its first one, in the padded image.
    steps: Vec<u32>,
}

impl Convolution {
    /// Makes the layer; `pointwise` makes the matrix for these positions of the filter, `[channel,
    /// y, x]`, in this order.
    pub(crate) fn new(
        filter: Filter,
        channels: usize,
        channels_first: bool,
        pointwise: impl FnOnce(&[[usize; 3]]) -> Pointwise,
    ) -> Convolution {
        let (height, width) = (filter.height, filter.width);
        // Neighbors in memory are neighbors in the sum.
        let taps: Vec<[usize; 3]> = if channels_first {
            let taps = (0..channels).flat_map(|c| (0..height.filter).map(move |y| (c, y)));
            let taps = taps.flat_map(|(c, y)| (0..width.filter).map(move |x| [c, y, x]));
            taps.collect()
        } else {
            let taps = (0..height.filter).flat_map(|y| (0..width.filter).map(move |x| (y, x)));
            let taps = taps.flat_map(|(y, x)| (0..channels).map(move |c| [c, y, x]));
            taps.collect()
        };
        let row = width.padded();
        let step = |&[c, y, x]: &[usize; 3]| {
            let pixel = y * height.dilation * row + x * width.dilation;
            let step = if channels_first {
                c * height.padded() * row + pixel
            } else {
                pixel * channels + c
            };
            step as u32
        };
        Convolution {
            filter,
            channels,
            channels_first,
            pointwise: pointwise(&taps),
            steps: taps.iter().map(step).collect(),
        }
    }

    /// Converts the image to `[height, width, columns]`; `residual` has the same length.
    pub(crate) fn run(
        &self,
        instructions: Instructions,
        source: &[f32],
        residual: Option<&[f32]>,
        target: &mut [f32],
    ) {
        let (height, width) = (self.filter.height, self.filter.width);
        if height.is_bare() && width.is_bare() {
            return self.places(instructions, source, residual, target);
        }
        let padded = height.padded() * width.padded() * self.channels;
        scratch::with(padded, |padded| {
            self.pad(source, padded);
            self.places(instructions, padded, residual, target);
        });
    }

    fn places(
        &self,
        instructions: Instructions,
        padded: &[f32],
        residual: Option<&[f32]>,
        target: &mut [f32],
    ) {
        let (height, width) = (self.filter.height, self.filter.width);
        let pixel = if self.channels_first {
            1
        } else {
            self.channels
        };
        let one_by_one = self.pointwise.depth == self.channels && !self.channels_first;
        let source = Source {
            values: padded,
            row: width.output,
            pixel_step: width.stride * pixel,
            row_step: height.stride * width.padded() * pixel,
            steps: (!one_by_one).then_some(&self.steps),
        };
        let pixels = self.filter.outputs();
        let pointwise = &self.pointwise;
        pointwise.run(instructions, pixels, source, residual, target, 0);
    }

    /// Copies the image into the middle of zeros.
    fn pad(&self, source: &[f32], padded: &mut [f32]) {
        let (height, width) = (self.filter.height, self.filter.width);
        let (planes, pixel) = if self.channels_first {
            (self.channels, 1)
        } else {
            (1, self.channels)
        };
        padded.fill(0.0);
        let row = width.padded() * pixel;
        let first = height.before * row + width.before * pixel;
        for plane in 0..planes {
            let target = &mut padded[plane * height.padded() * row + first..];
            let source = &source[plane * height.input * width.input * pixel..];
            let rows = source.chunks_exact(width.input * pixel).take(height.input);
            for (source, target) in rows.zip(target.chunks_mut(row)) {
                target[..source.len()].copy_from_slice(source);
            }
        }
    }
}

impl<W: Weights> Convolution<W> {
    /// Returns the layer with its weights moved to another place.
    pub(crate) fn place<V, E>(
        &self,
        weights: impl FnMut(&W) -> Result<V, E>,
    ) -> Result<Convolution<V>, E> {
        Ok(Convolution {
            filter: self.filter,
            channels: self.channels,
            channels_first: self.channels_first,
            pointwise: self.pointwise.place(weights)?,
            steps: self.steps.clone(),
        })
    }
}
