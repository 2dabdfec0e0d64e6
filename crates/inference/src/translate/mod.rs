//! Replaces what tract computes slowly: a model with operators of tract's becomes one with layers.
//!
//! It looks at the decluttered model, where batch normalization, padding and constants have been worked
//! out. Convolutions take in what follows them ([`unit`]), depthwise ones the 1x1 convolutions around them
//! ([`plan`]); sums over all pixels and dense layers are replaced too. Images are kept channel-last
//! between layers and moved only where a layer meets an operator of tract's. What is not recognized stays
//! as it is, so that any model runs.

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
