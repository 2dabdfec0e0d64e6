//! Batch normalization whose statistics are computed in the graph; it replaces tract's.
//!
//! tract requires all four parameters as constants before it computes any. BiT standardizes the
//! weights of its convolutions, and PyTorch exports that as batch normalization of the weights: in
//! training mode, where mean and variance are those of the input itself, or with mean and variance
//! from nodes before it. Expressed in plain arithmetic, both are constants that tract computes when
//! it loads the network.
//!
//! Operator: <https://onnx.ai/onnx/operators/onnx__BatchNormalization.html>.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::{GraphProto, NodeProto};
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::ops::math::{add, mul, rsqrt, square, sub};
use tract_onnx::tract_hir::ops::nn::{Reduce, Reducer};

/// The operator's name in ONNX.
pub(crate) const OPERATOR: &str = "BatchNormalization";

/// Drops the running statistics that training mode returns besides its result. If something uses
/// them, the loader reports them as missing.
pub(crate) fn only_result(graph: &mut GraphProto) {
    let norms = graph.node.iter_mut();
    for node in norms.filter(|node| node.op_type == OPERATOR) {
        node.output.truncate(1);
    }
}

/// Makes the operator of a node.
pub(crate) fn build(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let norm = BatchNorm {
        epsilon: node.get_attr_opt("epsilon")?.unwrap_or(1e-5),
        training: node.get_attr_opt("training_mode")?.unwrap_or(0_i64) == 1,
    };
    Ok((expand(norm), vec![]))
}

/// Inputs: x `[N, C, ..]`; scale, bias, mean and variance `[C]`. Output: as x.
#[derive(Debug, Clone)]
struct BatchNorm {
    epsilon: f32,
    training: bool,
}

impl Expansion for BatchNorm {
    fn name(&self) -> StaticName {
        OPERATOR.into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 5)?;
        check_output_arity(outputs, 1)?;
        solver.equals(&inputs[0].datum_type, &outputs[0].datum_type)?;
        solver.equals(&inputs[0].shape, &outputs[0].shape)?;
        for parameter in &inputs[1..] {
            solver.equals(&inputs[0].datum_type, &parameter.datum_type)?;
            solver.equals(&parameter.rank, 1)?;
            solver.equals(&inputs[0].shape[1], &parameter.shape[0])?;
        }
        Ok(())
    }

    fn wire(
        &self,
        prefix: &str,
        model: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let rank = model.outlet_fact(inputs[0])?.rank();
        ensure!(
            rank >= 2,
            "expected channels to normalize, found rank {rank}"
        );
        let mut parameters = tvec!();
        for (index, &input) in inputs[1..].iter().enumerate() {
            let name = format!("{prefix}.parameter{index}");
            parameters.push(along_channels(&name, model, input, rank)?);
        }
        let (scale, bias) = (parameters[0], parameters[1]);
        let (mean, variance) = if self.training {
            statistics(prefix, model, inputs[0], rank)?
        } else {
            (parameters[2], parameters[3])
        };
        // x * slope + (bias - mean * slope): with constant parameters, two operations on x.
        let slope = self.slope(prefix, model, scale, variance)?;
        let mut wire = |name: &str, operation: TypedBinOp, left: OutletId, right: OutletId| {
            let name = format!("{prefix}.{name}");
            model.wire_node(name, operation, &[left, right])
        };
        let shift = wire("shift", mul(), mean, slope)?;
        let shift = wire("intercept", sub(), bias, shift[0])?;
        let scaled = wire("scaled", mul(), inputs[0], slope)?;
        model.wire_node(prefix, add(), &[scaled[0], shift[0]])
    }
}

impl BatchNorm {
    /// Computes `scale / sqrt(variance + epsilon)`.
    fn slope(
        &self,
        prefix: &str,
        model: &mut TypedModel,
        scale: OutletId,
        variance: OutletId,
    ) -> TractResult<OutletId> {
        let fact = model.outlet_fact(variance)?;
        let (kind, rank) = (fact.datum_type, fact.rank());
        let epsilon = tensor0(self.epsilon).cast_to_dt(kind)?.into_owned();
        let epsilon = epsilon.broadcast_into_rank(rank)?;
        let epsilon = model.add_const(format!("{prefix}.epsilon"), epsilon)?;
        let sane = model.wire_node(format!("{prefix}.sane"), add(), &[variance, epsilon])?;
        let inverse = model.wire_node(format!("{prefix}.inverse"), rsqrt(), &sane)?;
        let slope = model.wire_node(format!("{prefix}.slope"), mul(), &[scale, inverse[0]])?;
        Ok(slope[0])
    }
}

/// Reshapes `[C]` to `[1, C, 1, ..]`.
fn along_channels(
    name: &str,
    model: &mut TypedModel,
    parameter: OutletId,
    rank: usize,
) -> TractResult<OutletId> {
    let mut wire = model.wire_node(format!("{name}.0"), AxisOp::Add(0), &[parameter])?;
    for axis in 2..rank {
        wire = model.wire_node(format!("{name}.{axis}"), AxisOp::Add(axis), &wire)?;
    }
    Ok(wire[0])
}

/// Computes mean and (biased) variance of every channel, `[1, C, 1, ..]`.
fn statistics(
    prefix: &str,
    model: &mut TypedModel,
    x: OutletId,
    rank: usize,
) -> TractResult<(OutletId, OutletId)> {
    let axes: Vec<i64> = (0..rank as i64).filter(|&axis| axis != 1).collect();
    let averaged = Reduce::new(Some(axes), true, Reducer::Mean);
    let mean = averaged.wire(&format!("{prefix}.mean"), model, &[x])?[0];
    let apart = model.wire_node(format!("{prefix}.apart"), sub(), &[x, mean])?;
    let squares = model.wire_node(format!("{prefix}.squares"), square(), &apart)?;
    let variance = averaged.wire(&format!("{prefix}.variance"), model, &squares)?[0];
    Ok((mean, variance))
}
