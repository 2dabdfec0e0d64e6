//! Running networks. This file and `graph.rs`, which edits them, are the two that name tract.

use std::sync::Arc;

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::{Factoid, GenericFactoid};
use tract_onnx::tract_hir::internal::DimLike;

use crate::LoadError;

/// A network with its input shape fixed, optimised once and run from any thread.
pub(crate) struct Network {
    plan: Arc<TypedRunnableModel>,
    shape: [usize; 4],
    dimensions: usize,
}

impl Network {
    /// Loads ONNX bytes for inputs of `shape`. There must be one input that takes it, and one f32 output
    /// of shape `[1, D]` or `[1, D, 1, 1]`.
    pub(crate) fn load(onnx: &[u8], shape: [usize; 4]) -> Result<Network, LoadError> {
        let mut file = onnx;
        let mut model = tract_onnx::onnx()
            .model_for_read(&mut file)
            .map_err(failed)?;
        let inputs = model.input_outlets().map_err(failed)?.len();
        if inputs != 1 {
            return Err(LoadError::Inputs { found: inputs });
        }
        let outputs = model.output_outlets().map_err(failed)?.len();
        if outputs != 1 {
            return Err(LoadError::Outputs { found: outputs });
        }
        let declared = model.input_fact(0).map_err(failed)?;
        if !takes(declared, shape) {
            let found = format!("{declared:?}");
            return Err(LoadError::InputShape {
                expected: shape,
                found,
            });
        }
        let pixels = InferenceFact::dt_shape(f32::datum_type(), shape);
        model.set_input_fact(0, pixels).map_err(failed)?;
        // What the file declares may hold free dimensions; the shape now follows from the input.
        model
            .set_output_fact(0, InferenceFact::default())
            .map_err(failed)?;
        let model = model.into_optimized().map_err(failed)?;
        let dimensions = dimensions(model.output_fact(0).map_err(failed)?)?;
        let plan = model.into_runnable().map_err(failed)?;
        Ok(Network {
            plan,
            shape,
            dimensions,
        })
    }

    /// Length of the output.
    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The features of one picture; `pixels` has as many values as the input shape says.
    pub(crate) fn run(&self, pixels: &[f32]) -> Result<Vec<f32>, String> {
        let run = || -> TractResult<Vec<f32>> {
            let input = Tensor::from_shape(&self.shape, pixels)?;
            let outputs = self.plan.run(tvec!(input.into()))?;
            let features = &outputs[0];
            Ok(features.try_as_plain_ram()?.as_slice::<f32>()?.to_vec())
        };
        run().map_err(|error| format!("{error:#}"))
    }
}

/// Whether the declared input is f32 with this shape; what is left open or named by a symbol fits.
fn takes(declared: &InferenceFact, shape: [usize; 4]) -> bool {
    let kind = declared.datum_type.concretize();
    let rank = declared.shape.rank().concretize();
    let fits = |(dimension, size): (&GenericFactoid<TDim>, usize)| {
        let fixed = dimension
            .concretize()
            .and_then(|dimension| dimension.to_usize().ok());
        fixed.is_none_or(|fixed| fixed == size)
    };
    kind.is_none_or(|kind| kind == f32::datum_type())
        && rank.is_none_or(|rank| rank == 4)
        && declared.shape.dims().zip(shape).all(fits)
}

/// `D` of an f32 output `[1, D]` or `[1, D, 1, 1]`.
fn dimensions(output: &TypedFact) -> Result<usize, LoadError> {
    let shape = output.shape.as_concrete();
    match shape {
        Some([1, dimensions] | [1, dimensions, 1, 1])
            if *dimensions > 0 && output.datum_type == f32::datum_type() =>
        {
            Ok(*dimensions)
        }
        _ => Err(LoadError::OutputShape {
            found: format!("{output:?}"),
        }),
    }
}

fn failed(error: TractError) -> LoadError {
    LoadError::Model {
        reason: format!("{error:#}"),
    }
}
