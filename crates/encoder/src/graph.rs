//! Editing ONNX files: cutting a network at its pooled features, and putting a [`Tail`] behind them.
//!
//! This file and `network.rs` are the two that name tract: it brings the protobuf types, so that no second
//! copy of them is built. Nothing is run here.
//!
//! A joined file names the value that holds the pooled features in its metadata, under
//! [`FEATURES_KEY`]; the value is called [`FEATURES_NAME`] unless the network has one of that name.
//! Declared shapes of values between input and output are hints that runtimes work out for themselves;
//! they are dropped, for they may contradict a batch of another size.

use std::collections::HashSet;

use prost::Message;
use tract_onnx::pb;

use crate::tail::LENGTH_FLOOR;
use crate::{LoadError, Tail};

/// The metadata entry that names the value of the pooled features.
pub(crate) const FEATURES_KEY: &str = "lookalike.features";
/// What that value is called.
pub(crate) const FEATURES_NAME: &str = "lookalike.pooled_features";
/// What the metadata of this program begin with.
const OURS: &str = "lookalike.";

/// An ONNX file in memory.
#[derive(Debug, Clone)]
pub(crate) struct Graph(pb::ModelProto);

impl Graph {
    /// Parses a file.
    pub(crate) fn parse(onnx: &[u8]) -> Result<Graph, LoadError> {
        let model = pb::ModelProto::decode(onnx).map_err(|error| LoadError::Model {
            reason: format!("it is no ONNX file: {error}"),
        })?;
        if model.graph.is_none() {
            return Err(failed("it has no graph"));
        }
        Ok(Graph(model))
    }

    /// The bytes of the file. The same graph gives the same bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        self.0.encode_to_vec()
    }

    /// The metadata entries of this program, in the order of the file.
    pub(crate) fn metadata(&self) -> Vec<(String, String)> {
        let ours = self.0.metadata_props.iter();
        ours.filter(|entry| entry.key.starts_with(OURS))
            .map(|entry| (entry.key.clone(), entry.value.clone()))
            .collect()
    }

    /// The network up to its pooled features: those that a joined file names, else its output. A joined
    /// file and the one it was made from become the same.
    pub(crate) fn cut(mut self) -> Result<Graph, LoadError> {
        let named = self.features();
        self.0
            .metadata_props
            .retain(|entry| !entry.key.starts_with(OURS));
        let graph = self.graph_mut()?;
        graph.value_info.clear();
        if let Some(name) = named {
            let output = cut_at(graph, &name)?;
            graph.output = vec![value(&output, None)];
            remove_unused(graph, &output);
        } else if let [output] = graph.output.as_mut_slice() {
            *output = value(&output.name, None);
        }
        Ok(self)
    }

    /// A cut network with the tail behind its output, and metadata of the form `lookalike.*`.
    ///
    /// # Errors
    /// When the network has no single output, or an operator set from before 2017.
    pub(crate) fn join(
        mut self,
        tail: &Tail,
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
        let mut builder = Builder {
            source: output.name.clone(),
            prefix: free_prefix(graph),
            opset,
            nodes: Vec::new(),
            weights: Vec::new(),
        };
        let features = builder.tail(tail);
        let result = builder.source;
        graph.node.append(&mut builder.nodes);
        graph.initializer.append(&mut builder.weights);
        graph.output = vec![value(&result, Some(tail.dimensions()))];
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

    /// The name of the pooled features where a tail follows them.
    fn features(&self) -> Option<String> {
        let metadata = self.metadata().into_iter();
        let named = metadata.filter(|(key, _)| key == FEATURES_KEY).next_back();
        named.map(|(_, name)| name).or_else(|| {
            let nodes = &self.0.graph.as_ref()?.node;
            let there = nodes.iter().flat_map(|node| &node.output);
            there.filter(|name| *name == FEATURES_NAME).cloned().next()
        })
    }

    /// Version of the standard operators.
    fn opset(&self) -> i64 {
        let sets = self.0.opset_import.iter();
        let standard = sets.filter(|set| set.domain.is_empty() || set.domain == "ai.onnx");
        standard.map(|set| set.version).max().unwrap_or(1)
    }
}

/// The name of the network's own output: what the flattening that [`Builder::tail`] adds begins from.
fn cut_at(graph: &pb::GraphProto, features: &str) -> Result<String, LoadError> {
    let mut nodes = graph.node.iter();
    let maker = nodes.find(|node| node.output.iter().any(|name| name == features));
    let maker = maker.ok_or_else(|| {
        failed(&format!(
            "its metadata call the pooled features {features:?}, and no node gives them"
        ))
    })?;
    match maker.input.as_slice() {
        [source] if maker.op_type == "Flatten" && maker.name == features => Ok(source.clone()),
        _ => Ok(features.to_owned()),
    }
}

/// Removes what `output` does not depend on. Nodes are in the order of execution, as ONNX demands.
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

/// What a node reads, the graphs inside of it included.
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

/// A beginning that no name in the graph has.
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

/// An f32 value `[batch, dimensions]`, or one of any shape.
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

/// Nodes and weights of a tail, in the order of execution.
struct Builder {
    /// The value that the next node takes.
    source: String,
    prefix: String,
    opset: i64,
    nodes: Vec<pb::NodeProto>,
    weights: Vec<pb::TensorProto>,
}

impl Builder {
    /// Adds the whole tail; returns the name of the flattened features.
    fn tail(&mut self, tail: &Tail) -> String {
        let features = self.node("pooled_features", "Flatten", &[], vec![whole("axis", 1)]);
        if tail.unit_features {
            self.unit_length("unit");
        }
        let source = self.source.clone();
        let mut parts = Vec::new();
        for (number, part) in tail.parts.iter().enumerate() {
            self.source.clone_from(&source);
            let name = format!("part{number}");
            let outputs = part.bias.len();
            let rows = part.weights.len() / outputs;
            let weights = self.weight(&format!("{name}.weights"), &[rows, outputs], &part.weights);
            let bias = self.weight(&format!("{name}.bias"), &[1, outputs], &part.bias);
            let share = self.weight(&format!("{name}.length"), &[1, 1], &[part.share.sqrt()]);
            self.node(&format!("{name}.product"), "MatMul", &[weights], vec![]);
            self.node(&format!("{name}.dense"), "Add", &[bias], vec![]);
            self.unit_length(&name);
            parts.push(self.node(&format!("{name}.scaled"), "Mul", &[share], vec![]));
        }
        self.source = parts.remove(0);
        self.node("embedding", "Concat", &parts, vec![whole("axis", 1)]);
        features
    }

    /// The source divided by its length, which may be zero.
    fn unit_length(&mut self, name: &str) {
        let source = self.source.clone();
        let floor = self.weight(&format!("{name}.floor"), &[1, 1], &[LENGTH_FLOOR]);
        // The axes became an input with operator set 18.
        let (inputs, axes) = if self.opset < 18 {
            (vec![], vec![wholes("axes", &[1])])
        } else {
            (vec![self.axes(&format!("{name}.axes"))], vec![])
        };
        let attributes = [axes, vec![whole("keepdims", 1)]].concat();
        self.node(&format!("{name}.norm"), "ReduceL2", &inputs, attributes);
        let length = self.node(&format!("{name}.divisor"), "Add", &[floor], vec![]);
        self.source = source;
        self.node(&format!("{name}.direction"), "Div", &[length], vec![]);
    }

    /// A node that takes the source and `more`, and becomes the source; returns its name, which is also
    /// that of its output.
    fn node(
        &mut self,
        name: &str,
        operator: &str,
        more: &[String],
        attribute: Vec<pb::AttributeProto>,
    ) -> String {
        let name = format!("{}{name}", self.prefix);
        let source = std::mem::replace(&mut self.source, name.clone());
        self.nodes.push(pb::NodeProto {
            input: std::iter::once(source)
                .chain(more.iter().cloned())
                .collect(),
            output: vec![name.clone()],
            name: name.clone(),
            op_type: operator.to_owned(),
            attribute,
            ..pb::NodeProto::default()
        });
        name
    }

    fn weight(&mut self, name: &str, shape: &[usize], values: &[f32]) -> String {
        let raw = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.tensor(name, shape, pb::tensor_proto::DataType::Float, raw)
    }

    fn axes(&mut self, name: &str) -> String {
        let raw = 1_i64.to_le_bytes().to_vec();
        self.tensor(name, &[1], pb::tensor_proto::DataType::Int64, raw)
    }

    fn tensor(
        &mut self,
        name: &str,
        shape: &[usize],
        kind: pb::tensor_proto::DataType,
        raw_data: Vec<u8>,
    ) -> String {
        let name = format!("{}{name}", self.prefix);
        self.weights.push(pb::TensorProto {
            dims: shape.iter().map(|&side| side as i64).collect(),
            data_type: kind as i32,
            name: name.clone(),
            raw_data,
            ..pb::TensorProto::default()
        });
        name
    }
}

fn whole(name: &str, i: i64) -> pb::AttributeProto {
    pb::AttributeProto {
        name: name.to_owned(),
        r#type: pb::attribute_proto::AttributeType::Int as i32,
        i,
        ..pb::AttributeProto::default()
    }
}

fn wholes(name: &str, ints: &[i64]) -> pb::AttributeProto {
    pb::AttributeProto {
        name: name.to_owned(),
        r#type: pb::attribute_proto::AttributeType::Ints as i32,
        ints: ints.to_vec(),
        ..pb::AttributeProto::default()
    }
}

#[cfg(test)]
mod tests;
