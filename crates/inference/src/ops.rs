//! The layers as operators of tract.

use tract_onnx::tract_core::internal::*;

use crate::buffer_pool;
use crate::kernels::Instructions;
use crate::layers::{Average, Block, Convolution, Pointwise};

/// A layer in a model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LayerOp {
    pub(crate) layer: Layer,
    /// Shape of the result.
    pub(crate) shape: TVec<usize>,
    instructions: Instructions,
}

/// The computation of a [`LayerOp`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Layer {
    /// From an image, and perhaps a residual, to an image.
    Convolution(Convolution),
    /// From an image, and perhaps a residual, to an image.
    Block(Block),
    /// From an image to channels.
    Average(Average),
    /// From a vector to a vector.
    Dense(Pointwise),
}

// The weights contain no NaN, which would differ from itself; if there were one, tract would only
// consider two equal nodes as different.
impl Eq for LayerOp {}

impl LayerOp {
    /// Makes a layer whose result has this shape.
    pub(crate) fn new(layer: Layer, shape: &[usize]) -> LayerOp {
        LayerOp {
            layer,
            shape: shape.into(),
            instructions: Instructions::best(),
        }
    }
}

impl Op for LayerOp {
    fn name(&self) -> StaticName {
        match self.layer {
            Layer::Convolution(_) => "Lookalike.Convolution",
            Layer::Block(_) => "Lookalike.Block",
            Layer::Average(_) => "Lookalike.Average",
            Layer::Dense(_) => "Lookalike.Dense",
        }
        .into()
    }

    op_as_typed_op!();
}

impl EvalOp for LayerOp {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let source = inputs[0].try_as_plain_ram()?.as_slice::<f32>()?;
        let residual = match inputs.get(1) {
            Some(residual) => Some(residual.try_as_plain_ram()?.as_slice::<f32>()?),
            None => None,
        };
        let mut result = buffer_pool::any_values(&self.shape)?;
        let mut plain = result.try_as_plain_ram_mut()?;
        let target = plain.as_slice_mut::<f32>()?;
        match &self.layer {
            Layer::Convolution(layer) => layer.run(self.instructions, source, residual, target),
            Layer::Block(layer) => layer.run(self.instructions, source, residual, target),
            Layer::Average(layer) => layer.run(source, target),
            Layer::Dense(layer) => layer.dense(self.instructions, source, residual, target),
        }
        inputs.into_iter().for_each(buffer_pool::keep);
        Ok(tvec!(result.into_tvalue()))
    }
}

impl TypedOp for LayerOp {
    as_op!();

    fn output_facts(&self, _: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(f32::fact(&self.shape)))
    }
}
