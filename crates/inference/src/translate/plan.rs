use std::collections::{BTreeMap, HashMap, HashSet};

use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::math::Mul;
use tract_onnx::tract_core::ops::nn::{Reduce, Reducer};

use super::constants::{constant, image, uniform};
use super::pattern::{Reach, convolution, dense};
use super::unit::{Unit, only_reader};
use crate::kernels::Bounds;
use crate::layers::{Average, Block, Depthwise, Pointwise};

/// The replacement of some nodes, stored under the last of them.
#[derive(Debug)]
pub(super) enum Replacement {
    /// A convolution over all channels.
    Convolution(Unit),
    /// A block with these inputs: the image, and the residual.
    Block(Block, TVec<OutletId>),
    /// Averages of an image.
    Average(Average, OutletId),
    /// A dense layer of a vector.
    Dense(Pointwise, OutletId),
}

/// The nodes that are replaced, and their replacements.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Replacements by the node whose output they make.
    pub(super) replacements: HashMap<usize, Replacement>,
    /// Earlier nodes that are then no longer needed.
    pub(super) absorbed: Vec<usize>,
}

impl Plan {
    pub(super) fn of(model: &TypedModel) -> TractResult<Plan> {
        let mut plan = Plan::default();
        let mut units = Units::default();
        let mut taken = HashSet::new();
        for id in model.eval_order()? {
            let node = model.node(id);
            if let Some(found) = convolution(model, node) {
                let unit = Unit::grow(model, node, found, &taken);
                taken.extend(&unit.nodes);
                units.add(unit);
            } else if let Some((inputs, outputs, weights)) = dense(model, node) {
                let weight = |input, output: usize| weights[output * inputs + input];
                let bias = vec![0.0; outputs];
                let layer = Pointwise::new(inputs, &bias, Bounds::ALL, weight);
                let dense = Replacement::Dense(layer, node.inputs[0]);
                plan.replacements.insert(id, dense);
            } else if let Some((average, last)) = average(model, node)
                && units.makes(node.inputs[0].node)
            {
                plan.absorb(&[id, last]);
                let average = Replacement::Average(average, node.inputs[0]);
                plan.replacements.insert(last, average);
            }
        }
        plan.fuse(model, units);
        Ok(plan)
    }

    /// Fuses depthwise convolutions with their neighbors; the rest is replaced one by one.
    fn fuse(&mut self, model: &TypedModel, mut units: Units) {
        for middle in units.depthwise() {
            let Some(middle) = units.take(middle) else {
                continue;
            };
            let Some(depthwise) = depthwise(&middle) else {
                continue;
            };
            let before = units.before(model, &middle);
            let behind = units.behind(model, &middle);
            let last = behind.as_ref().map_or(middle.last, |unit| unit.last);
            let mut inputs = tvec!(before.as_ref().map_or(middle.input, |unit| unit.input));
            inputs.extend(behind.as_ref().and_then(|unit| unit.residual));
            let block = Block {
                expand: before.as_ref().map(pointwise),
                depthwise,
                project: behind.as_ref().map(pointwise),
            };
            for unit in before.iter().chain([&middle]).chain(&behind) {
                self.absorb(&unit.nodes);
            }
            self.replacements
                .insert(last, Replacement::Block(block, inputs));
        }
        for unit in units.0.into_values() {
            self.absorb(&unit.nodes);
            self.replacements
                .insert(unit.last, Replacement::Convolution(unit));
        }
    }

    fn absorb(&mut self, nodes: &[usize]) {
        self.absorbed.extend(nodes);
    }
}

/// Units by their first node, processed in that order: if two could absorb the same one, every
/// process decides alike.
#[derive(Debug, Default)]
struct Units(BTreeMap<usize, Unit>);

impl Units {
    fn add(&mut self, unit: Unit) {
        self.0.insert(unit.first, unit);
    }

    /// True if a node's output is that of a unit, and so is channel-last.
    fn makes(&self, node: usize) -> bool {
        self.0.values().any(|unit| unit.last == node)
    }

    fn take(&mut self, first: usize) -> Option<Unit> {
        self.0.remove(&first)
    }

    fn depthwise(&self) -> Vec<usize> {
        let units = self.0.values();
        let units = units.filter(|unit| unit.found.reach == Reach::Own);
        units.map(|unit| unit.first).collect()
    }

    /// Removes the 1x1 convolution that only makes the input of this one.
    fn before(&mut self, model: &TypedModel, unit: &Unit) -> Option<Unit> {
        let reader = only_reader(model, unit.input.node)?;
        let before = self.0.values().find(|before| {
            before.last == unit.input.node
                && before.found.is_pointwise()
                && before.residual.is_none()
        });
        let first = before.filter(|_| reader.id == unit.first)?.first;
        self.take(first)
    }

    /// Removes the 1x1 convolution that is the only reader of the output of this one.
    fn behind(&mut self, model: &TypedModel, unit: &Unit) -> Option<Unit> {
        let reader = only_reader(model, unit.last)?;
        let behind = self.0.get(&reader.id)?;
        let reads = behind.found.is_pointwise() && behind.input.node == unit.last;
        reads.then(|| self.take(reader.id))?
    }
}

fn pointwise(unit: &Unit) -> Pointwise {
    let found = &unit.found;
    Pointwise::new(found.inputs, &found.bias, unit.bounds, |input, output| {
        found.weights[output * found.inputs + input]
    })
}

fn depthwise(unit: &Unit) -> Option<Depthwise> {
    let found = &unit.found;
    let side = found.filter.width.filter;
    let weights = &found.weights;
    let weight = |y, x, channel| weights[(channel * found.filter.height.filter + y) * side + x];
    Depthwise::new(found.filter, &found.bias, unit.bounds, weight)
}

/// Returns a sum over all pixels, and the node that makes a mean of it, if there is one.
fn average(model: &TypedModel, node: &TypedNode) -> Option<(Average, usize)> {
    let op = node.op_as::<Reduce>()?;
    let fact = model.outlet_fact(node.inputs[0]).ok()?;
    let [channels, ..] = image(fact)?;
    let both = [fact.rank() - 2, fact.rank() - 1];
    if op.reducer != Reducer::Sum || op.axes.as_slice() != both {
        return None;
    }
    let scaled = only_reader(model, node.id).and_then(|next| {
        let other = usize::from(next.inputs[0].node == node.id);
        let multiplies = next.op_as::<TypedBinOp>()?.0.is::<Mul>()
            && next.outputs[0].fact.shape == node.outputs[0].fact.shape;
        let factor = uniform(&*constant(model, next, other)?)?;
        multiplies.then_some((factor, next.id))
    });
    let (factor, last) = scaled.unwrap_or((1.0, node.id));
    Some((Average { channels, factor }, last))
}
