//! Editing ONNX files: cutting a network at its pooled features, and putting a [`ProjectionHead`] behind them.
//!
//! This module edits networks; the crate `lookalike-inference` runs them and provides its protobuf
//! types, so that they exist only once. Nothing is run here.
//!
//! A joined file names the value of the pooled features in its metadata, under [`FEATURES_KEY`];
//! the value is called [`FEATURES_NAME`] unless the network has a value with that name. Declared
//! shapes of values between input and output are hints that runtimes compute themselves; they are
//! dropped, because they may contradict a batch of another size.

mod builder;
mod names;
mod shortcuts;

use std::collections::HashSet;

use lookalike_inference::{LoadError, pb};
use prost::Message;

use self::builder::Builder;
use self::names::{FEATURES_KEY, FEATURES_NAME, OURS};
use crate::projection_head::ProjectionHead;

/// An ONNX file in memory.
#[derive(Debug, Clone)]
pub(crate) struct Graph(pb::ModelProto);

impl Graph {
    /// Parses a file.
    pub(crate) fn parse(onnx: &[u8]) -> Result<Graph, LoadError> {
        let model = pb::ModelProto::decode(onnx).map_err(|error| LoadError::Model {
            reason: format!("it is not an ONNX file: {error}"),
        })?;
        if model.graph.is_none() {
            return Err(failed("it has no graph"));
        }
        Ok(Graph(model))
    }

    /// Returns the bytes of the file. The same graph has the same bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        self.0.encode_to_vec()
    }

    /// Returns the metadata entries of this program, in the order of the file.
    pub(crate) fn metadata(&self) -> Vec<(String, String)> {
        let ours = self.0.metadata_props.iter();
        ours.filter(|entry| entry.key.starts_with(OURS))
            .map(|entry| (entry.key.clone(), entry.value.clone()))
            .collect()
    }

    /// Cuts the network behind its own pooled features. A joined file and the one that it was made
    /// from become the same.
    pub(crate) fn cut(mut self) -> Result<Graph, LoadError> {
        let named = self.features();
        self.0
            .metadata_props
            .retain(|entry| !entry.key.starts_with(OURS));
        let graph = self.graph_mut()?;
        graph.value_info.clear();
        if let Some(name) = named {
            let output = own_output(graph, &name)?;
            graph.output = vec![value(&output, None)];
            remove_unused(graph, &output);
        } else if let [output] = graph.output.as_mut_slice() {
            *output = value(&output.name, None);
        }
        Ok(self)
    }

    /// Returns the values at the ends of the stages of a cut network, first to last; see
    /// [`shortcuts`].
    pub(crate) fn stages(&self) -> Vec<String> {
        self.0
            .graph
            .as_ref()
            .map_or_else(Vec::new, shortcuts::stage_ends)
    }

    /// Joins a cut network: averages of more of its values are appended to its pooled features, the
    /// head follows if there is one, and metadata of the form `lookalike.*` is added.
    ///
    /// # Errors
    /// If the network has not exactly one output, or an operator set from before 2017.
    pub(crate) fn join(
        mut self,
        more: &[String],
        head: Option<&ProjectionHead>,
        metadata: &[(String, String)],
    ) -> Result<Graph, LoadError> {
        let opset = self.opset();
        if opset < 7 {
            return Err(failed(&format!(
                "its operator set is version {opset}, expected 7 or later; export it again"
            )));
        }
        let graph = self.graph_mut()?;
        let [output] = graph.output.as_slice() else {
            let found = graph.output.len();
            return Err(failed(&format!("expected one output, found {found}")));
        };
        let output = output.name.clone();
        let mut builder = Builder::new(free_prefix(graph), opset);
        let features = builder.features(&output, more);
        if let Some(head) = head {
            builder.head(head);
        }
        let result = builder.add_to(graph);
        graph.output = vec![value(&result, head.map(ProjectionHead::dimensions))];
        let features = (FEATURES_KEY.to_owned(), features);
        for (key, text) in std::iter::once(&features).chain(metadata) {
            self.0.metadata_props.push(pb::StringStringEntryProto {
                key: key.clone(),
                value: text.clone(),
            });
        }
        Ok(self)
    }

    fn graph_mut(&mut self) -> Result<&mut pb::GraphProto, LoadError> {
        self.0
            .graph
            .as_mut()
            .ok_or_else(|| failed("it has no graph"))
    }

    /// Returns the name of the pooled features if a head follows them.
    fn features(&self) -> Option<String> {
        let mut metadata = self.metadata().into_iter();
        let named = metadata.rfind(|(key, _)| key == FEATURES_KEY);
        named.map(|(_, name)| name).or_else(|| {
            let nodes = &self.0.graph.as_ref()?.node;
            let mut there = nodes.iter().flat_map(|node| &node.output);
            there.find(|name| *name == FEATURES_NAME).cloned()
        })
    }

    /// Returns the version of the standard operators.
    fn opset(&self) -> i64 {
        let sets = self.0.opset_import.iter();
        let standard = sets.filter(|set| set.domain.is_empty() || set.domain == "ai.onnx");
        standard.map(|set| set.version).max().unwrap_or(1)
    }
}

/// Returns the name of the network's own output, which [`Builder::features`] flattened first.
fn own_output(graph: &pb::GraphProto, features: &str) -> Result<String, LoadError> {
    let maker = |name: &str| {
        let mut nodes = graph.node.iter();
        nodes.find(|node| node.output.iter().any(|output| output == name))
    };
    let concat = maker(features).ok_or_else(|| {
        failed(&format!(
            "its metadata names the pooled features {features:?}, but no node makes them"
        ))
    })?;
    let flatten = concat.input.first().and_then(|first| maker(first));
    let source = flatten.and_then(|flatten| flatten.input.first());
    match (concat.op_type.as_str(), source) {
        ("Concat", Some(source)) => Ok(source.clone()),
        _ => Ok(features.to_owned()),
    }
}

/// Removes everything that `output` does not depend on. Nodes are in the order of execution, as
/// ONNX requires.
fn remove_unused(graph: &mut pb::GraphProto, output: &str) {
    let mut needed = HashSet::from([output.to_owned()]);
    let mut kept: Vec<bool> = Vec::with_capacity(graph.node.len());
    for node in graph.node.iter().rev() {
        let keep = node.output.iter().any(|name| needed.contains(name));
        if keep {
            add_inputs(node, &mut needed);
        }
        kept.push(keep);
    }
    let mut kept = kept.into_iter().rev();
    graph.node.retain(|_| kept.next().unwrap_or(true));
    graph
        .initializer
        .retain(|tensor| needed.contains(&tensor.name));
    graph.input.retain(|input| needed.contains(&input.name));
}

/// Adds the values that a node reads, including those of the graphs inside it.
fn add_inputs(node: &pb::NodeProto, needed: &mut HashSet<String>) {
    needed.extend(node.input.iter().cloned());
    for attribute in &node.attribute {
        for graph in attribute.g.iter().chain(&attribute.graphs) {
            graph
                .node
                .iter()
                .for_each(|inner| add_inputs(inner, needed));
            needed.extend(graph.output.iter().map(|output| output.name.clone()));
        }
    }
}

/// Returns a prefix that no name in the graph has.
fn free_prefix(graph: &pb::GraphProto) -> String {
    let nodes = graph.node.iter();
    let names = nodes.flat_map(|node| node.output.iter().chain(&node.input).chain([&node.name]));
    let names: HashSet<&String> = names
        .chain(graph.initializer.iter().map(|tensor| &tensor.name))
        .collect();
    let mut prefix = OURS.to_owned();
    while names.iter().any(|name| name.starts_with(&prefix)) {
        prefix.insert(0, '_');
    }
    prefix
}

/// Describes an f32 value `[batch, dimensions]`, or one of any shape.
fn value(name: &str, dimensions: Option<usize>) -> pb::ValueInfoProto {
    use pb::tensor_shape_proto::{Dimension, dimension::Value};
    let dimension = |value| Dimension {
        value,
        ..Dimension::default()
    };
    let shape = dimensions.map(|count| pb::TensorShapeProto {
        dim: vec![
            dimension(None),
            dimension(Some(Value::DimValue(count as i64))),
        ],
    });
    let tensor = pb::type_proto::Tensor {
        elem_type: pb::tensor_proto::DataType::Float as i32,
        shape,
    };
    pb::ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(pb::TypeProto {
            value: Some(pb::type_proto::Value::TensorType(tensor)),
            ..pb::TypeProto::default()
        }),
        ..pb::ValueInfoProto::default()
    }
}

fn failed(reason: &str) -> LoadError {
    LoadError::Model {
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests;
