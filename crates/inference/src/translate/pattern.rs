//! Finds convolutions among the nodes of a model.

use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::cnn::{Conv, KernelFormat};
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::nn::DataFormat;

use super::constants::{constant, floats, image, per_channel};
use crate::layers::{Filter, Side};

/// The channels that a filter reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// All channels.
    All,
    /// The channel that it makes.
    Own,
}

/// A convolution in the model.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) filter: Filter,
    pub(super) reach: Reach,
    pub(super) inputs: usize,
    /// Weights, `[outputs, inputs, height, width]`; `inputs` is 1 for [`Reach::Own`].
    pub(super) weights: Vec<f32>,
    /// Bias, `[outputs]`.
    pub(super) bias: Vec<f32>,
}

impl Found {
    /// True if it reads every pixel by itself.
    pub(super) fn is_pointwise(&self) -> bool {
        let side = |side: Side| side.filter == 1 && side.stride == 1 && side.is_bare();
        self.reach == Reach::All && side(self.filter.height) && side(self.filter.width)
    }
}

/// Returns the convolution of a node.
pub(super) fn convolution(model: &TypedModel, node: &TypedNode) -> Option<Found> {
    if let Some(op) = node.op_as::<Conv>() {
        spatial(model, node, op)
    } else if let Some(op) = node.op_as::<EinSum>() {
        pointwise(model, node, op)
    } else {
        None
    }
}

fn spatial(model: &TypedModel, node: &TypedNode, op: &Conv) -> Option<Found> {
    let spec = &op.pool_spec;
    let plain = matches!(spec.data_format, DataFormat::NCHW | DataFormat::CHW)
        && op.kernel_fmt == KernelFormat::OIHW
        && op.q_params.is_none()
        && spec.rank() == 2;
    let [inputs, height, width] = image(model.outlet_fact(node.inputs[0]).ok()?)?;
    let outputs = spec.output_channels;
    let reach = match op.group {
        1 => Reach::All,
        group if group == inputs && group == outputs => Reach::Own,
        _ => return None,
    };
    if !plain || inputs != spec.input_channels {
        return None;
    }
    let padding = spec.computed_padding(&[height, width]);
    let side = |axis: usize, input: usize| Side {
        input,
        output: padding[axis].convoluted,
        filter: spec.kernel_shape[axis],
        stride: spec.stride(axis),
        dilation: spec.dilation(axis),
        before: padding[axis].pad_before,
    };
    let filter = Filter {
        height: side(0, height),
        width: side(1, width),
    };
    if !filter.is_sane() {
        return None;
    }
    let weights = constant(model, node, 1)?;
    let bias = constant(model, node, 2)?;
    Some(Found {
        filter,
        reach,
        inputs,
        weights: Some(floats(&weights)?.to_vec()).filter(|weights| !weights.is_empty())?,
        bias: per_channel(&bias, outputs, true)?,
    })
}

/// Returns a sum over channels with a constant matrix, at every pixel.
fn pointwise(model: &TypedModel, node: &TypedNode, op: &EinSum) -> Option<Found> {
    let [inputs, height, width] = image(model.outlet_fact(node.inputs[0]).ok()?)?;
    let [outputs, ..] = image(&node.outputs[0].fact)?;
    let (from, to) = (rank(model, node.inputs[0])?, node.outputs[0].fact.rank());
    let matrix = Matrix::of(model, node, op)?;
    if matrix.source != from - 3 || matrix.target != to - 3 {
        return None;
    }
    // Everything else stays unchanged.
    for axis in op.axes.iter_all_axes().filter(|axis| !matrix.sums(axis)) {
        let [source, _] = axis.inputs.as_slice() else {
            return None;
        };
        let target = &axis.outputs[0];
        let stays = match (source.as_slice(), target.as_slice()) {
            ([source], [target]) => from - source == to - target,
            // The single image of a batch.
            ([0], []) => from == 4,
            ([], [0]) => to == 4,
            _ => false,
        };
        if !stays {
            return None;
        }
    }
    let side = |input: usize| Side {
        input,
        output: input,
        filter: 1,
        stride: 1,
        dilation: 1,
        before: 0,
    };
    Some(Found {
        filter: Filter {
            height: side(height),
            width: side(width),
        },
        reach: Reach::All,
        inputs,
        weights: matrix.by_output(inputs, outputs)?,
        bias: vec![0.0; outputs],
    })
}

/// Returns a vector times a constant matrix: number of outputs, then `[outputs, inputs]`.
pub(super) fn dense(model: &TypedModel, node: &TypedNode) -> Option<(usize, usize, Vec<f32>)> {
    let op = node.op_as::<EinSum>()?;
    let matrix = Matrix::of(model, node, op)?;
    let lone = |fact: &TypedFact, axis: usize| {
        let shape = fact.shape.as_concrete()?;
        let length = *shape.get(axis)?;
        (shape.iter().product::<usize>() == length && length > 0).then_some(length)
    };
    let inputs = lone(model.outlet_fact(node.inputs[0]).ok()?, matrix.source)?;
    let outputs = lone(&node.outputs[0].fact, matrix.target)?;
    Some((inputs, outputs, matrix.by_output(inputs, outputs)?))
}

fn rank(model: &TypedModel, outlet: OutletId) -> Option<usize> {
    Some(model.outlet_fact(outlet).ok()?.rank())
}

/// The constant matrix of an einsum, and the axes that it connects.
struct Matrix {
    weights: Arc<Tensor>,
    /// The axis of the input that is summed.
    source: usize,
    /// The axis of the output that is made.
    target: usize,
    outputs_first: bool,
}

impl Matrix {
    fn of(model: &TypedModel, node: &TypedNode, op: &EinSum) -> Option<Matrix> {
        let plain = op.q_params.is_none()
            && op.operating_dt == f32::datum_type()
            && node.inputs.len() == 2
            && node.outputs[0].fact.datum_type == f32::datum_type();
        let weights = constant(model, node, 1)?;
        if !plain || weights.rank() != 2 || constant(model, node, 0).is_some() {
            return None;
        }
        let (mut source, mut target, mut outputs_first) = (None, None, None);
        for axis in op.axes.iter_all_axes() {
            let [input, weight] = axis.inputs.as_slice() else {
                return None;
            };
            match (
                input.as_slice(),
                weight.as_slice(),
                axis.outputs[0].as_slice(),
            ) {
                (&[at], &[_], []) if source.is_none() => source = Some(at),
                ([], &[place], &[at]) if target.is_none() => {
                    target = Some(at);
                    outputs_first = Some(place == 0);
                }
                (_, [], _) => {}
                _ => return None,
            }
        }
        Some(Matrix {
            weights,
            source: source?,
            target: target?,
            outputs_first: outputs_first?,
        })
    }

    /// True if it connects this axis to another.
    fn sums(&self, axis: &Axis) -> bool {
        !axis.inputs[1].is_empty()
    }

    /// Returns the matrix as `[outputs, inputs]`.
    fn by_output(&self, inputs: usize, outputs: usize) -> Option<Vec<f32>> {
        let weights = floats(&self.weights)?;
        if weights.len() != inputs * outputs {
            return None;
        }
        if self.outputs_first {
            return Some(weights.to_vec());
        }
        let places = (0..outputs).flat_map(|o| (0..inputs).map(move |i| i * outputs + o));
        Some(places.map(|place| weights[place]).collect())
    }
}
