//! Replaces what tract computes slowly: a model of tract's operators becomes one with layers.
//!
//! The input is the decluttered model, in which batch normalization, padding and constants are
//! resolved. Convolutions absorb what follows them ([`unit`]), depthwise ones also the 1x1
//! convolutions around them ([`plan`]); sums over all pixels and dense layers are replaced too.
//! Images are kept channel-last between layers and moved only where a layer meets an operator of
//! tract. What is not recognized stays unchanged, so that any model runs.

mod constants;
mod lower;
mod pattern;
mod plan;
mod unit;

use tract_onnx::prelude::*;

use self::lower::Lowering;
use self::plan::Plan;

/// Replaces operators of a model by layers.
pub(crate) fn translate(model: &TypedModel) -> TractResult<TypedModel> {
    let plan = Plan::of(model)?;
    Lowering::new(model, &plan).lower()
}
