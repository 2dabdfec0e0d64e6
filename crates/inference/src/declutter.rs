//! Tract's simplification of a model, alike on every processor.
//!
//! Where tract has a kernel for it, on arm64, it moves the channels of depthwise convolutions to the end, and with them
//! those of the 1x1 convolutions around them. [`translate`](crate::translate) reads channels-first models and puts
//! channels last itself. So while tract looks for axes to move, depthwise convolutions stand in a wrapper that asks for
//! nothing.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::cnn::Conv;
use tract_onnx::tract_core::optim::{Optimizer, OptimizerSession, TypedPass};

/// Simplifies a model.
pub(crate) fn declutter(mut model: TypedModel) -> TractResult<TypedModel> {
    let mut optimizer = Optimizer::declutter();
    // Axes are moved by the last pass.
    let last = optimizer.passes.len().saturating_sub(1);
    optimizer.add_pass(last, Box::new(EachOp(wrap)));
    optimizer.passes.push(Box::new(EachOp(unwrap)));
    optimizer.optimize(&mut model)?;
    Ok(model)
}

/// A convolution that asks for no other order of its axes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Still(Conv);

impl Op for Still {
    fn name(&self) -> StaticName {
        "Lookalike.Still".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Still {
    not_out_of_plan!();
}

impl TypedOp for Still {
    as_op!();

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        self.0.output_facts(inputs)
    }

    fn axes_mapping(
        &self,
        inputs: &[&TypedFact],
        outputs: &[&TypedFact],
    ) -> TractResult<AxesMapping> {
        self.0.axes_mapping(inputs, outputs)
    }

    fn change_axes(
        &self,
        model: &TypedModel,
        node: &TypedNode,
        io: InOut,
        change: &AxisOp,
    ) -> TractResult<Option<AxisChangeConsequence>> {
        let changed = self.0.change_axes(model, node, io, change)?;
        Ok(changed.map(|mut consequence| {
            if let Some(op) = &mut consequence.substitute_op {
                wrap(op);
            }
            consequence
        }))
    }
}

fn wrap(op: &mut Box<dyn TypedOp>) {
    if let Some(conv) = op.downcast_ref::<Conv>().filter(|conv| conv.group > 1) {
        *op = Box::new(Still(conv.clone()));
    }
}

fn unwrap(op: &mut Box<dyn TypedOp>) {
    if let Some(Still(conv)) = op.downcast_ref() {
        *op = Box::new(conv.clone());
    }
}

/// Changes every operator. It does not count as a change of the model: all that is wrapped is unwrapped again.
#[derive(Debug, Clone)]
struct EachOp(fn(&mut Box<dyn TypedOp>));

impl TypedPass for EachOp {
    fn reset(&mut self) -> TractResult<()> {
        Ok(())
    }

    fn next(
        &mut self,
        _: &mut OptimizerSession<'_>,
        _: &TypedModel,
    ) -> TractResult<Option<TypedModelPatch>> {
        Ok(None)
    }

    fn run_direct(&mut self, model: &mut TypedModel) -> TractResult<bool> {
        model
            .nodes
            .iter_mut()
            .for_each(|node| (self.0)(&mut node.op));
        Ok(false)
    }
}
