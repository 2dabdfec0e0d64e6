//! Checks of the ONNX file before tract reads it: what cannot run is refused with a clear error and
//! advice.

use std::collections::{BTreeSet, HashSet};

use tract_onnx::Onnx;
use tract_onnx::pb::tensor_proto::DataLocation;
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};
use tract_onnx::prelude::Framework;

use crate::error::{LoadError, failed};
use crate::{batch_norm, half};

/// Number of names and shapes that are listed of many.
const SHOWN: usize = 5;

/// Domains of the operators that tract supports; tract itself ignores domains.
const DOMAINS: &[&str] = &["", "ai.onnx", "ai.onnx.ml", "com.microsoft"];

/// Reads a file and checks that it has its weights, one input, one output, and operators that tract
/// supports; unsupported forms are rewritten.
pub(crate) fn read(onnx: &[u8], framework: &Onnx) -> Result<ModelProto, LoadError> {
    let mut file = onnx;
    let mut model = framework.proto_model_for_read(&mut file).map_err(failed)?;
    let Some(graph) = &mut model.graph else {
        return Err(no_graph());
    };
    one_input(graph)?;
    one_output(graph)?;
    weights_inside(graph)?;
    half::widen(graph);
    batch_norm::only_result(graph);
    known_operators(&model, framework)?;
    Ok(model)
}

fn no_graph() -> LoadError {
    LoadError::Model {
        reason: "it contains no graph".to_owned(),
    }
}

/// Checks that there is one input. Older files list the weights among the inputs too.
fn one_input(graph: &GraphProto) -> Result<(), LoadError> {
    let weights: HashSet<&str> = graph.initializer.iter().map(|w| w.name.as_str()).collect();
    let inputs = graph.input.iter();
    let inputs: Vec<_> = inputs
        .filter(|input| !weights.contains(input.name.as_str()))
        .collect();
    match inputs.len() {
        1 => Ok(()),
        found => Err(LoadError::Inputs {
            found,
            names: names(inputs.into_iter()),
        }),
    }
}

/// Checks that there is one output and that a node makes it; tract assumes that.
fn one_output(graph: &GraphProto) -> Result<(), LoadError> {
    let [output] = graph.output.as_slice() else {
        return Err(LoadError::Outputs {
            found: graph.output.len(),
            names: names(graph.output.iter()),
        });
    };
    let made = graph.node.iter().flat_map(|node| &node.output);
    let given = graph.input.iter().map(|input| &input.name);
    let kept = graph.initializer.iter().map(|weight| &weight.name);
    if made
        .chain(given)
        .chain(kept)
        .any(|name| *name == output.name)
    {
        return Ok(());
    }
    Err(LoadError::Model {
        reason: format!("nothing in it makes the output `{}`", output.name),
    })
}

fn names<'a>(values: impl Iterator<Item = &'a ValueInfoProto>) -> String {
    let names: Vec<_> = values.map(|value| format!("`{}`", value.name)).collect();
    listed(&names)
}

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>();
    let mut text = shown.join(", ");
    if names.len() > SHOWN {
        text += &format!(" and {} more", names.len() - SHOWN);
    }
    text
}

/// Checks that every tensor of the graph contains its values in this file.
fn weights_inside(graph: &GraphProto) -> Result<(), LoadError> {
    let constants = graph.node.iter().flat_map(|node| &node.attribute);
    let constants = constants.filter_map(|attribute| attribute.t.as_ref());
    let all: Vec<&TensorProto> = graph.initializer.iter().chain(constants).collect();
    let outside =
        |tensor: &&&TensorProto| tensor.data_location == Some(DataLocation::External as i32);
    if let Some(first) = all.iter().find(outside) {
        return Err(LoadError::ExternalWeights {
            count: all.iter().filter(outside).count(),
            file: location(first),
        });
    }
    let empty: Vec<_> = all.iter().filter(|tensor| is_empty(tensor)).collect();
    match empty.first() {
        None => Ok(()),
        Some(first) => Err(LoadError::MissingWeights {
            count: empty.len(),
            name: first.name.clone(),
            shape: first.dims.clone(),
        }),
    }
}

fn location(tensor: &TensorProto) -> String {
    let entries = &mut tensor.external_data.iter();
    let entry = entries.find(|entry| entry.key == "location");
    entry.map_or_else(|| "another file".to_owned(), |entry| entry.value.clone())
}

/// True if the shape requires values and there are none.
fn is_empty(tensor: &TensorProto) -> bool {
    !tensor.dims.contains(&0)
        && tensor.raw_data.is_empty()
        && tensor.float_data.is_empty()
        && tensor.int32_data.is_empty()
        && tensor.int64_data.is_empty()
        && tensor.double_data.is_empty()
        && tensor.uint64_data.is_empty()
        && tensor.string_data.is_empty()
}

fn known_operators(model: &ModelProto, framework: &Onnx) -> Result<(), LoadError> {
    let known = |node: &NodeProto| {
        DOMAINS.contains(&node.domain.as_str())
            && framework.op_register.0.contains_key(&node.op_type)
    };
    let mut unknown = BTreeSet::new();
    let mut graphs: Vec<&GraphProto> = model.graph.iter().collect();
    while let Some(graph) = graphs.pop() {
        for node in &graph.node {
            if !known(node) {
                unknown.insert(operator(node));
            }
            let inner = node
                .attribute
                .iter()
                .filter_map(|attribute| attribute.g.as_ref());
            graphs.extend(inner);
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    let unknown: Vec<_> = unknown.into_iter().collect();
    Err(LoadError::Operators {
        names: listed(&unknown),
        functions: model.functions.len(),
    })
}

/// Returns the operator's name, with its domain if that is not ONNX's own.
fn operator(node: &NodeProto) -> String {
    match node.domain.as_str() {
        "" | "ai.onnx" => format!("`{}`", node.op_type),
        domain => format!("`{domain}.{}`", node.op_type),
    }
}
