//! Replaces what tract computes slowly: a model with operators of tract's becomes one with layers.
//!
//! It looks at the decluttered model, where batch normalisation, padding and constants have been worked
//! out. Convolutions take in what follows them ([`unit`]), depthwise ones the 1x1 convolutions around them
//! ([`plan`]); sums over all pixels and dense layers are replaced too. Pictures are kept channel-last
//! between layers and moved only where a layer meets an operator of tract's. What is not recognised stays
//! as it is, so that any model runs.

mod constants;
mod emit;
mod plan;
mod recognise;
mod unit;

use tract_onnx::prelude::*;

use self::emit::Emitter;
use self::plan::Plan;

/// The same model with layers in it.
pub(crate) fn translate(model: &TypedModel) -> TractResult<TypedModel> {
    let plan = Plan::of(model)?;
    Emitter::new(model, &plan).emit()
}
