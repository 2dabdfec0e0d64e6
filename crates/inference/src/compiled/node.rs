use serde::{Deserialize, Serialize};
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::array::TypedConcat;
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::element_wise::{ElementWiseMiniOp, ElementWiseOp};
use tract_onnx::tract_core::ops::konst::Const;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_core::ops::nn::{Reduce, Reducer, Softmax, SoftmaxKind};
use tract_onnx::tract_core::ops::source::TypedSource;

use crate::layers::{Average, Block, Convolution, Lines, Pointwise, Span};
use crate::ops::{Layer, LayerOp};

/// An operator as it is stored.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum StoredOp {
    /// The network's input, of this shape.
    Source(Vec<usize>),
    /// Numbers of this shape.
    Constant(Vec<usize>, Vec<f32>),
    /// A layer, and the shape of its result.
    Layer(StoredLayer, Vec<usize>),
    Binary(Binary),
    Unary(Unary),
    /// Sum along these axes.
    Sum(Vec<usize>),
    /// Softmax along these axes.
    Softmax(Vec<usize>),
    /// Concatenation along this axis.
    Concat(usize),
    AddAxis(usize),
    RemoveAxis(usize),
    MoveAxis(usize, usize),
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum StoredLayer {
    Convolution(Convolution<Span>),
    Block(Block<Span>),
    Average(Average),
    Dense(Pointwise<Span>),
}

/// Declares an enum of operators that are identified by their type alone.
macro_rules! plain_operators {
    ($name:ident of $operator:path { $($variant:ident),* }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
        pub(super) enum $name { $($variant),* }

        impl $name {
            fn of(op: &dyn $operator) -> Option<$name> {
                $(if op.is::<math::$variant>() {
                    return Some($name::$variant);
                })*
                None
            }

            fn op(self) -> Box<dyn $operator> {
                match self { $($name::$variant => Box::new(math::$variant {})),* }
            }
        }
    };
}

use tract_onnx::tract_core::ops::binary::BinMiniOp;
plain_operators!(Binary of BinMiniOp { Add, Sub, Mul, Div, Max, Min });
plain_operators!(Unary of ElementWiseMiniOp { Sqrt, Square, Recip, Rsqrt, Exp });

impl StoredOp {
    /// Converts the operator of a node; `store` stores its weights.
    pub(super) fn of(
        node: &TypedNode,
        store: impl FnMut(&Lines) -> TractResult<Span>,
    ) -> TractResult<StoredOp> {
        let one = node.outputs.len() == 1 && node.outputs[0].fact.datum_type == f32::datum_type();
        ensure!(one, "its result is not one tensor of f32");
        if let Some(op) = node.op_as::<LayerOp>() {
            let layer = StoredLayer::of(&op.layer, store)?;
            return Ok(StoredOp::Layer(layer, op.shape.to_vec()));
        }
        plain(node).with_context(|| format!("operator {}", node.op.name()))
    }

    /// Adds the node to a model; `fetch` returns weights.
    pub(super) fn wire(
        self,
        model: &mut TypedModel,
        name: String,
        inputs: &[OutletId],
        fetch: impl FnMut(&Span) -> TractResult<Lines>,
    ) -> TractResult<OutletId> {
        let op: Box<dyn TypedOp> = match self {
            StoredOp::Source(shape) => return model.add_source(name, f32::fact(&shape)),
            StoredOp::Constant(shape, values) => {
                return model.add_const(name, Tensor::from_shape(&shape, &values)?);
            }
            StoredOp::Layer(layer, shape) => Box::new(LayerOp::new(layer.fetch(fetch)?, &shape)),
            StoredOp::Binary(op) => Box::new(TypedBinOp(op.op(), None)),
            StoredOp::Unary(op) => Box::new(ElementWiseOp(op.op(), None)),
            StoredOp::Sum(axes) => Box::new(Reduce {
                axes: axes.into(),
                reducer: Reducer::Sum,
            }),
            StoredOp::Softmax(axes) => Box::new(Softmax {
                axes: axes.into(),
                quant_output_dt: None,
                kind: SoftmaxKind::Softmax,
            }),
            StoredOp::Concat(axis) => Box::new(TypedConcat { axis }),
            StoredOp::AddAxis(axis) => Box::new(AxisOp::Add(axis)),
            StoredOp::RemoveAxis(axis) => Box::new(AxisOp::Rm(axis)),
            StoredOp::MoveAxis(from, to) => Box::new(AxisOp::Move(from, to)),
        };
        Ok(model.wire_node(name, op, inputs)?[0])
    }
}

/// Converts one of tract's operators, if it is one of those that can be stored.
fn plain(node: &TypedNode) -> Option<StoredOp> {
    let shape = || {
        node.outputs[0]
            .fact
            .shape
            .as_concrete()
            .map(<[usize]>::to_vec)
    };
    if node.op_is::<TypedSource>() {
        return Some(StoredOp::Source(shape()?));
    }
    if let Some(op) = node.op_as::<Const>() {
        let values = op.val().as_plain_ram()?;
        let values = values.as_slice::<f32>().ok()?.to_vec();
        return Some(StoredOp::Constant(op.val().shape().to_vec(), values));
    }
    if let Some(TypedBinOp(op, None)) = node.op_as::<TypedBinOp>() {
        return Binary::of(&**op).map(StoredOp::Binary);
    }
    if let Some(ElementWiseOp(op, None)) = node.op_as::<ElementWiseOp>() {
        return Unary::of(&**op).map(StoredOp::Unary);
    }
    if let Some(op) = node.op_as::<Reduce>() {
        return (op.reducer == Reducer::Sum).then(|| StoredOp::Sum(op.axes.to_vec()));
    }
    if let Some(op) = node.op_as::<Softmax>() {
        let usual = op.kind == SoftmaxKind::Softmax && op.quant_output_dt.is_none();
        return usual.then(|| StoredOp::Softmax(op.axes.to_vec()));
    }
    if let Some(op) = node.op_as::<TypedConcat>() {
        return Some(StoredOp::Concat(op.axis));
    }
    match node.op_as::<AxisOp>()? {
        AxisOp::Add(axis) => Some(StoredOp::AddAxis(*axis)),
        AxisOp::Rm(axis) => Some(StoredOp::RemoveAxis(*axis)),
        AxisOp::Move(from, to) => Some(StoredOp::MoveAxis(*from, *to)),
        AxisOp::Reshape(..) => None,
    }
}

impl StoredLayer {
    fn of(
        layer: &Layer,
        store: impl FnMut(&Lines) -> TractResult<Span>,
    ) -> TractResult<StoredLayer> {
        Ok(match layer {
            Layer::Convolution(layer) => StoredLayer::Convolution(layer.place(store)?),
            Layer::Block(layer) => StoredLayer::Block(layer.place(store)?),
            Layer::Average(layer) => StoredLayer::Average(*layer),
            Layer::Dense(layer) => StoredLayer::Dense(layer.place(store)?),
        })
    }

    fn fetch(&self, fetch: impl FnMut(&Span) -> TractResult<Lines>) -> TractResult<Layer> {
        Ok(match self {
            StoredLayer::Convolution(layer) => Layer::Convolution(layer.place(fetch)?),
            StoredLayer::Block(layer) => Layer::Block(layer.place(fetch)?),
            StoredLayer::Average(layer) => Layer::Average(*layer),
            StoredLayer::Dense(layer) => Layer::Dense(layer.place(fetch)?),
        })
    }
}
