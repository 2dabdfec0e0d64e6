//! Weight standardisation, as timm's BiT networks export it, in words that tract knows.
//!
//! PyTorch computes it as batch normalisation in training mode over the kernels of a convolution, laid out as
//! a batch of one: `[1, kernels, values]`. Training mode normalises by the mean and variance of its own input.
//! tract runs batch normalisation in inference mode only. For a batch of one, training mode is by definition
//! instance normalisation, which tract has; [`check`] makes sure that the batch is one. What comes of constants
//! tract computes at load.

use tract_onnx::pb::{GraphProto, NodeProto};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::Factoid;

use crate::LoadError;

/// Begins the names of the nodes that were rewritten.
const MARK: &str = "standardised: ";

/// Replaces batch normalisation in training mode by instance normalisation.
///
/// # Errors
/// When something uses the running mean or variance that training mode also gives.
pub(super) fn rewrite(graph: &mut GraphProto) -> Result<(), LoadError> {
    let used: Vec<String> = graph
        .node
        .iter()
        .flat_map(|node| node.input.iter().cloned())
        .chain(graph.output.iter().map(|output| output.name.clone()))
        .collect();
    for node in graph.node.iter_mut().filter(|node| is_training(node)) {
        if node
            .output
            .iter()
            .skip(1)
            .any(|output| used.contains(output))
        {
            return Err(refused(
                &node.output[0],
                "the statistics that it gives are used",
            ));
        }
        instance_normalisation(node);
    }
    Ok(())
}

fn is_training(node: &NodeProto) -> bool {
    let mut attributes = node.attribute.iter();
    node.op_type == "BatchNormalization"
        && node.input.len() == 5
        && !node.output.is_empty()
        && attributes.any(|attribute| attribute.name == "training_mode" && attribute.i == 1)
}

/// Scale and bias stay; the running mean and variance, which training mode does not look at, go.
fn instance_normalisation(node: &mut NodeProto) {
    node.op_type = "InstanceNormalization".to_owned();
    node.name = format!("{MARK}{}", node.output[0]);
    node.input.truncate(3);
    node.output.truncate(1);
    node.attribute
        .retain(|attribute| attribute.name == "epsilon");
}

/// Makes sure that what was rewritten normalises a batch of one.
///
/// # Errors
/// When it does not, or when that cannot be told.
pub(super) fn check(model: &InferenceModel) -> Result<(), LoadError> {
    for node in model.nodes() {
        let Some(name) = node.name.strip_prefix(MARK) else {
            continue;
        };
        let input = model.outlet_fact(node.inputs[0]).map_err(super::failed)?;
        let batch = input.shape.dim(0).and_then(|batch| batch.concretize());
        if batch != Some(1.to_dim()) {
            return Err(refused(name, "its batch is not one"));
        }
    }
    Ok(())
}

fn refused(name: &str, reason: &str) -> LoadError {
    LoadError::Model {
        reason: format!(
            "batch normalisation `{name}` is in training mode and {reason}: export the network after eval()"
        ),
    }
}
