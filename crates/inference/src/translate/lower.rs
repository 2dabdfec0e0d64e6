use std::collections::{HashMap, HashSet};

use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::konst::Const;

use super::constants::image;
use super::plan::{Plan, Replacement};
use super::unit::Unit;
use crate::layers::{Convolution, Pointwise};
use crate::ops::{Layer, LayerOp};

/// Maximum number of channels with which the first layer reads an image in the model's order,
/// channels first: one read serves so many pixels that moving the few channels would cost more.
const FEW_CHANNELS: usize = 4;

/// Writes the new model, node by node.
pub(super) struct Lowering<'a> {
    model: &'a TypedModel,
    plan: &'a Plan,
    target: TypedModel,
    /// Values of the old model in the new one, with their old shape.
    plain: HashMap<OutletId, OutletId>,
    /// Images of the old model in the new one, as `[height, width, channels]`.
    channel_last: HashMap<OutletId, OutletId>,
}

impl<'a> Lowering<'a> {
    pub(super) fn new(model: &'a TypedModel, plan: &'a Plan) -> Lowering<'a> {
        let target = TypedModel {
            symbols: model.symbols.clone(),
            ..TypedModel::default()
        };
        Lowering {
            model,
            plan,
            target,
            plain: HashMap::new(),
            channel_last: HashMap::new(),
        }
    }

    pub(super) fn lower(mut self) -> TractResult<TypedModel> {
        let absorbed: HashSet<usize> = self.plan.absorbed.iter().copied().collect();
        let inputs = self.model.inputs.clone();
        for input in inputs {
            let name = self.model.node(input.node).name.clone();
            let fact = self.model.outlet_fact(input)?.clone();
            let source = self.target.add_source(name, fact)?;
            self.plain.insert(input, source);
        }
        for id in self.model.eval_order()? {
            let is_input = self.plain.contains_key(&OutletId::new(id, 0));
            // Constants are copied when something reads them: most are the weights of layers.
            if is_input || self.model.node(id).op_is::<Const>() {
                continue;
            }
            match self.plan.replacements.get(&id) {
                Some(replacement) => self.replace(id, replacement)?,
                None if absorbed.contains(&id) => {}
                None => self.copy(id)?,
            }
        }
        let outputs = self.model.outputs.clone();
        let outputs: TVec<OutletId> = outputs
            .iter()
            .map(|&outlet| self.plain(outlet))
            .collect::<TractResult<_>>()?;
        self.target.select_output_outlets(&outputs)?;
        self.target.into_compact()
    }

    /// Copies a node unchanged.
    fn copy(&mut self, id: usize) -> TractResult<()> {
        let node = self.model.node(id);
        let inputs = node.inputs.iter().map(|&outlet| self.plain(outlet));
        let inputs = inputs.collect::<TractResult<TVec<_>>>()?;
        let outputs = self
            .target
            .wire_node(&node.name, node.op.clone(), &inputs)?;
        for (slot, output) in outputs.into_iter().enumerate() {
            self.plain.insert(OutletId::new(id, slot), output);
        }
        Ok(())
    }

    fn replace(&mut self, id: usize, replacement: &Replacement) -> TractResult<()> {
        let name = &self.model.node(id).name;
        let outlet = OutletId::new(id, 0);
        let shape = self.model.outlet_fact(outlet)?.shape.clone();
        let shape = shape.as_concrete().context("a shape that is not fixed")?;
        match replacement {
            Replacement::Average(layer, input) => {
                let input = self.channel_last(*input)?;
                let op = LayerOp::new(Layer::Average(*layer), shape);
                let wire = self.target.wire_node(name, op, &[input])?;
                self.plain.insert(outlet, wire[0]);
            }
            Replacement::Dense(layer, input) => {
                let input = self.plain(*input)?;
                let op = LayerOp::new(Layer::Dense(layer.clone()), shape);
                let wire = self.target.wire_node(name, op, &[input])?;
                self.plain.insert(outlet, wire[0]);
            }
            Replacement::Block(layer, inputs) => {
                let inputs = inputs.iter().map(|&input| self.channel_last(input));
                let inputs = inputs.collect::<TractResult<TVec<_>>>()?;
                self.image(outlet, Layer::Block(layer.clone()), &inputs)?;
            }
            Replacement::Convolution(unit) => {
                let first = self.reads_channels_first(unit);
                let layer = Layer::Convolution(convolution(unit, first));
                let input = if first {
                    self.plain(unit.input)?
                } else {
                    self.channel_last(unit.input)?
                };
                let mut inputs = tvec!(input);
                if let Some(residual) = unit.residual {
                    inputs.push(self.channel_last(residual)?);
                }
                self.image(outlet, layer, &inputs)?;
            }
        }
        Ok(())
    }

    fn reads_channels_first(&self, unit: &Unit) -> bool {
        unit.found.inputs <= FEW_CHANNELS && !self.channel_last.contains_key(&unit.input)
    }

    /// Adds a layer that returns an image, channel-last.
    fn image(&mut self, outlet: OutletId, layer: Layer, inputs: &[OutletId]) -> TractResult<()> {
        let fact = self.model.outlet_fact(outlet)?;
        let [channels, height, width] = image(fact).context("a layer gives an image")?;
        let op = LayerOp::new(layer, &[height, width, channels]);
        let name = &self.model.node(outlet.node).name;
        let wire = self.target.wire_node(name, op, inputs)?;
        self.channel_last.insert(outlet, wire[0]);
        Ok(())
    }

    /// Returns a value with its old shape.
    fn plain(&mut self, outlet: OutletId) -> TractResult<OutletId> {
        if let Some(&there) = self.plain.get(&outlet) {
            return Ok(there);
        }
        let fact = self.model.outlet_fact(outlet)?;
        if let (Some(constant), true) = (&fact.konst, self.is_const(outlet)) {
            let name = &self.model.node(outlet.node).name;
            let wire = self.target.add_const(name, constant.clone())?;
            self.plain.insert(outlet, wire);
            return Ok(wire);
        }
        let image = self.channel_last.get(&outlet);
        let mut wire = *image.context("a value is needed before it is there")?;
        let name = format!("{}.channels-first", self.name(outlet));
        wire = self.move_axes(&name, AxisOp::Move(2, 0), wire)?;
        if self.model.outlet_fact(outlet)?.rank() == 4 {
            wire = self.move_axes(&format!("{name}.batch"), AxisOp::Add(0), wire)?;
        }
        self.plain.insert(outlet, wire);
        Ok(wire)
    }

    /// Returns the node's name, with the number of the output.
    fn name(&self, outlet: OutletId) -> String {
        format!("{}.{}", self.model.node(outlet.node).name, outlet.slot)
    }

    fn is_const(&self, outlet: OutletId) -> bool {
        self.model.node(outlet.node).op_is::<Const>()
    }

    /// Returns an image as `[height, width, channels]`.
    fn channel_last(&mut self, outlet: OutletId) -> TractResult<OutletId> {
        if let Some(&there) = self.channel_last.get(&outlet) {
            return Ok(there);
        }
        let mut wire = self.plain(outlet)?;
        let name = format!("{}.channels-last", self.name(outlet));
        if self.model.outlet_fact(outlet)?.rank() == 4 {
            wire = self.move_axes(&format!("{name}.single"), AxisOp::Rm(0), wire)?;
        }
        wire = self.move_axes(&name, AxisOp::Move(0, 2), wire)?;
        self.channel_last.insert(outlet, wire);
        Ok(wire)
    }

    fn move_axes(&mut self, name: &str, op: AxisOp, wire: OutletId) -> TractResult<OutletId> {
        Ok(self.target.wire_node(name, op, &[wire])?[0])
    }
}

fn convolution(unit: &Unit, channels_first: bool) -> Convolution {
    let found = &unit.found;
    let (height, width) = (found.filter.height.filter, found.filter.width.filter);
    let pointwise = |taps: &[[usize; 3]]| {
        Pointwise::new(taps.len(), &found.bias, unit.bounds, |tap, output| {
            let [channel, y, x] = taps[tap];
            let place = ((output * found.inputs + channel) * height + y) * width + x;
            found.weights[place]
        })
    };
    Convolution::new(found.filter, found.inputs, channels_first, pointwise)
}
