//! Loads and runs networks. Only this module, `batch_norm`, `buffer_pool`, `compiled`, `declutter`, `file`, `half`, `ops`,
//! `shape` and `translate` name tract.

use std::sync::Arc;

use tract_onnx::prelude::*;

use crate::buffer_pool;
use crate::declutter::declutter;
use crate::error::{LoadError, failed};
use crate::ops::LayerOp;
use crate::shape::{self, dimensions};
use crate::{batch_norm, compiled, file, translate};

/// A network with its input shape fixed, optimized once and run from any thread.
pub struct Network {
    plan: Arc<TypedRunnableModel>,
    shape: [usize; 4],
    dimensions: usize,
}

impl Network {
    /// Loads ONNX bytes for inputs of `shape`. There must be one input that accepts it, and one f32
    /// output of shape `[1, D]`, `[1, D, 1, 1]` or, channels last, `[1, 1, 1, D]`.
    ///
    /// # Errors
    /// [`LoadError`] describes what in the file cannot be used, and what to do about it.
    pub fn load(onnx: &[u8], shape: [usize; 4]) -> Result<Network, LoadError> {
        let model = parse(onnx, shape)?;
        let mut model = translate::translate(&model).map_err(failed)?;
        model.optimize().map_err(failed)?;
        Network::new(model, shape)
    }

    /// Returns the bytes that [`Network::compiled`] takes: the network of an ONNX file, translated, with its
    /// weights laid out for the kernels. A build script calls this for the same target.
    ///
    /// # Errors
    /// The errors of [`Network::load`], and operators that cannot be stored.
    pub fn compile(onnx: &[u8], shape: [usize; 4]) -> Result<Vec<u8>, LoadError> {
        let model = translate::translate(&parse(onnx, shape)?).map_err(failed)?;
        compiled::write(&model).map_err(failed)
    }

    /// Loads the bytes that [`Network::compile`] returned. Weights are used in place: nothing is
    /// parsed or copied, and the pages of a program's own data are read when they are needed.
    ///
    /// # Errors
    /// If the bytes are different ones, or do not begin at a multiple of 64 in memory.
    pub fn compiled(bytes: &'static [u8], shape: [usize; 4]) -> Result<Network, LoadError> {
        let model = compiled::read(bytes).map_err(failed)?;
        let made_for = &model.input_fact(0).map_err(failed)?.shape;
        if made_for.as_concrete() != Some(&shape) {
            return Err(LoadError::Model {
                reason: format!("it was compiled for pixels {made_for:?}, expected {shape:?}"),
            });
        }
        Network::new(model, shape)
    }

    /// Loads a network that tract runs alone: the reference for the layers here.
    ///
    /// # Errors
    /// The errors of [`Network::load`].
    pub fn reference(onnx: &[u8], shape: [usize; 4]) -> Result<Network, LoadError> {
        let model = parse(onnx, shape)?.into_optimized().map_err(failed)?;
        Network::new(model, shape)
    }

    fn new(model: TypedModel, shape: [usize; 4]) -> Result<Network, LoadError> {
        let dimensions = dimensions(model.output_fact(0).map_err(failed)?)?;
        let plan = model.into_runnable().map_err(failed)?;
        Ok(Network {
            plan,
            shape,
            dimensions,
        })
    }

    /// Returns the length of the output.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Returns the number of nodes that are layers of this crate; each replaces any number of
    /// tract's.
    pub fn layers(&self) -> usize {
        let nodes = self.plan.model().nodes().iter();
        nodes.filter(|node| node.op_is::<LayerOp>()).count()
    }

    /// Returns the features of one image; `pixels` has the number of values of the input shape.
    ///
    /// # Errors
    /// The reason, in words, why tract cannot run the network on them.
    pub fn run(&self, pixels: &[f32]) -> Result<Vec<f32>, String> {
        let wanted: usize = self.shape.iter().product();
        if pixels.len() != wanted {
            let given = pixels.len();
            return Err(format!("{given} values do not fill {:?}", self.shape));
        }
        let run = || -> TractResult<Vec<f32>> {
            let mut input = buffer_pool::any_values(&self.shape)?;
            let mut values = input.try_as_plain_ram_mut()?;
            values.as_slice_mut::<f32>()?.copy_from_slice(pixels);
            let outputs = self.plan.run(tvec!(input.into_tvalue()))?;
            let features = &outputs[0];
            Ok(features.try_as_plain_ram()?.as_slice::<f32>()?.to_vec())
        };
        run().map_err(|error| format!("{error:#}"))
    }
}

/// Parses the file to tract's model before it is optimized.
fn parse(onnx: &[u8], shape: [usize; 4]) -> Result<TypedModel, LoadError> {
    // Declared shapes inside the graph name the free sizes of the export; they follow from the
    // input.
    let mut framework = tract_onnx::onnx().with_ignore_value_info(true);
    let operators = &mut framework.op_register;
    operators.insert(batch_norm::OPERATOR, batch_norm::build);
    let file = file::read(onnx, &framework)?;
    let mut model = framework.model_for_proto_model(&file).map_err(failed)?;
    drop(file);
    let declared = model.input_fact(0).map_err(failed)?;
    if !shape::takes(declared, shape) {
        return Err(shape::refused_input(declared, shape));
    }
    let pixels = InferenceFact::dt_shape(f32::datum_type(), shape);
    model.set_input_fact(0, pixels).map_err(failed)?;
    // The declared output may have free dimensions; its shape now follows from the input.
    model
        .set_output_fact(0, InferenceFact::default())
        .map_err(failed)?;
    let model = model.into_typed().map_err(failed)?;
    declutter(model).map_err(failed)
}
