//! A convolution and what follows it: scale, bias, residual and clip need no pass of their own.

use std::collections::HashSet;

use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::math::{Add, Max, Min, Mul};

use super::constants::{constant, per_channel, uniform};
use super::pattern::{Found, Reach};
use crate::kernels::Bounds;

/// Nodes that become one layer.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub(super) found: Found,
    pub(super) bounds: Bounds,
    pub(super) input: OutletId,
    /// An image that is added to the result before it is clipped.
    pub(super) residual: Option<OutletId>,
    /// The first node.
    pub(super) first: usize,
    /// The last node; its output is the unit's.
    pub(super) last: usize,
    /// All nodes.
    pub(super) nodes: Vec<usize>,
}

impl Unit {
    /// Grows the unit that begins with a convolution. Nodes that are `taken` belong to another one:
    /// a sum of two convolutions becomes part of the first.
    pub(super) fn grow(
        model: &TypedModel,
        node: &TypedNode,
        found: Found,
        taken: &HashSet<usize>,
    ) -> Unit {
        let mut unit = Unit {
            found,
            bounds: Bounds::ALL,
            input: node.inputs[0],
            residual: None,
            first: node.id,
            last: node.id,
            nodes: vec![node.id],
        };
        while let Some(next) = only_reader(model, unit.last) {
            if taken.contains(&next.id) || unit.absorb(model, next).is_none() {
                break;
            }
            unit.last = next.id;
            unit.nodes.push(next.id);
        }
        unit
    }

    /// Absorbs the operation of a node on the result; `None` if that is not possible.
    fn absorb(&mut self, model: &TypedModel, node: &TypedNode) -> Option<()> {
        let op = node.op_as::<TypedBinOp>()?;
        let unchanged = node.outputs[0].fact.shape == model.node(self.last).outputs[0].fact.shape
            && op.1.is_none();
        let other = usize::from(node.inputs[0].node == self.last);
        let constant = constant(model, node, other);
        let linear = self.bounds == Bounds::ALL && self.residual.is_none();
        if !unchanged || node.inputs[0] == node.inputs[1] {
            return None;
        }
        let Some(constant) = constant else {
            let other = node.inputs[other];
            let same_shape = model.outlet_fact(other).ok()?.shape == node.outputs[0].fact.shape;
            let adds = op.0.is::<Add>() && linear && self.found.reach == Reach::All;
            return (adds && same_shape).then(|| self.residual = Some(other));
        };
        if op.0.is::<Max>() {
            let bound = uniform(&constant)?;
            self.bounds.least = self.bounds.least.max(bound);
            self.bounds.greatest = self.bounds.greatest.max(bound);
            return Some(());
        }
        if op.0.is::<Min>() {
            let bound = uniform(&constant)?;
            self.bounds.least = self.bounds.least.min(bound);
            self.bounds.greatest = self.bounds.greatest.min(bound);
            return Some(());
        }
        let outputs = self.found.bias.len();
        let values = per_channel(&constant, outputs, false)?;
        if !linear {
            return None;
        }
        if op.0.is::<Add>() {
            let biases = self.found.bias.iter_mut().zip(&values);
            biases.for_each(|(bias, value)| *bias += value);
        } else if op.0.is::<Mul>() {
            let biases = self.found.bias.iter_mut().zip(&values);
            biases.for_each(|(bias, value)| *bias *= value);
            let each = self.found.weights.len() / outputs;
            for (weights, value) in self.found.weights.chunks_exact_mut(each).zip(&values) {
                weights.iter_mut().for_each(|weight| *weight *= value);
            }
        } else {
            return None;
        }
        Some(())
    }
}

/// Returns the node that reads the only output of a node, if there is no other reader and it is not
/// an output of the model.
pub(super) fn only_reader(model: &TypedModel, node: usize) -> Option<&TypedNode> {
    let [output] = model.node(node).outputs.as_slice() else {
        return None;
    };
    let [reader] = output.successors.as_slice() else {
        return None;
    };
    let given_away = model.outputs.contains(&OutletId::new(node, 0));
    (!given_away).then(|| model.node(reader.node))
}
