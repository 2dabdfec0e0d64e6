use serde::{Deserialize, Serialize};

use super::weights::{Lines, Weights, pack, panels};
use crate::kernels::{Bounds, Instructions, Matrix, Source, multiply};

/// A matrix `[depth, columns]`, a bias, and the range to which results are clipped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pointwise<W = Lines> {
    pub(crate) depth: usize,
    pub(crate) columns: usize,
    pub(crate) bounds: Bounds,
    /// Weights in panels, as in [`Matrix`].
    weights: W,
    bias: W,
}

impl Pointwise {
    /// Makes the layer; `weight(k, n)` is the weight of factor `k` in result `n`; `bias` is
    /// `[columns]`.
    pub(crate) fn new(
        depth: usize,
        bias: &[f32],
        bounds: Bounds,
        weight: impl Fn(usize, usize) -> f32,
    ) -> Pointwise {
        Pointwise {
            depth,
            columns: bias.len(),
            bounds,
            weights: panels(depth, bias.len(), weight),
            bias: pack(bias),
        }
    }

    /// Multiplies; see [`multiply`].
    pub(crate) fn run(
        &self,
        instructions: Instructions,
        pixels: usize,
        source: Source<'_>,
        residual: Option<&[f32]>,
        target: &mut [f32],
        gap: usize,
    ) {
        let matrix = Matrix {
            depth: self.depth,
            columns: self.columns,
            weights: &self.weights,
            bias: &self.bias,
        };
        multiply(
            instructions,
            pixels,
            source,
            matrix,
            residual,
            self.bounds,
            target,
            gap,
        );
    }

    /// Multiplies adjacent pixels, `[pixels, depth]`, to `[pixels, columns]`.
    pub(crate) fn dense(
        &self,
        instructions: Instructions,
        source: &[f32],
        residual: Option<&[f32]>,
        target: &mut [f32],
    ) {
        let pixels = source.len() / self.depth;
        let source = Source::dense(source, self.depth);
        self.run(instructions, pixels, source, residual, target, 0);
    }
}

impl<W: Weights> Pointwise<W> {
    /// Returns the layer with its weights moved to another place.
    pub(crate) fn place<V, E>(
        &self,
        mut weights: impl FnMut(&W) -> Result<V, E>,
    ) -> Result<Pointwise<V>, E> {
        Ok(Pointwise {
            depth: self.depth,
            columns: self.columns,
            bounds: self.bounds,
            weights: weights(&self.weights)?,
            bias: weights(&self.bias)?,
        })
    }
}
