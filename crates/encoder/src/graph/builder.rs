use lookalike_inference::pb;

use super::names::{FEATURES_NAME, OURS};
use crate::gate::Gate;
use crate::projection_head::{LENGTH_FLOOR, Part, PartKind, ProjectionHead};

/// Nodes and weights to add to a graph, in the order of execution.
pub(super) struct Builder {
    /// The input of the next node.
    source: String,
    /// Prefix of every name.
    prefix: String,
    opset: i64,
    nodes: Vec<pb::NodeProto>,
    weights: Vec<pb::TensorProto>,
}

impl Builder {
    /// Starts without nodes.
    pub(super) fn new(prefix: String, opset: i64) -> Builder {
        Builder {
            source: String::new(),
            prefix,
            opset,
            nodes: Vec::new(),
            weights: Vec::new(),
        }
    }

    /// Adds everything to a graph; returns the name of the last value.
    pub(super) fn add_to(mut self, graph: &mut pb::GraphProto) -> String {
        graph.node.append(&mut self.nodes);
        graph.initializer.append(&mut self.weights);
        self.source
    }

    /// Adds the features, `[batch, features]`: the output `[batch, D]` or `[batch, D, 1, 1]` of the network,
    /// then the averages over all places of other values `[batch, channels, height, width]`.
    /// Returns their name.
    pub(super) fn features(&mut self, output: &str, more: &[String]) -> String {
        output.clone_into(&mut self.source);
        let mut pooled = vec![self.node("pooled0", "Flatten", &[], vec![whole("axis", 1)])];
        for (number, value) in (1..).zip(more) {
            self.source.clone_from(value);
            self.node(
                &format!("average{number}"),
                "GlobalAveragePool",
                &[],
                vec![],
            );
            let name = format!("pooled{number}");
            pooled.push(self.node(&name, "Flatten", &[], vec![whole("axis", 1)]));
        }
        self.source = pooled.remove(0);
        let name = FEATURES_NAME.strip_prefix(OURS).unwrap_or(FEATURES_NAME);
        self.node(name, "Concat", &pooled, vec![whole("axis", 1)])
    }

    /// Adds a head behind the features.
    pub(super) fn head(&mut self, head: &ProjectionHead) {
        let features = self.source.clone();
        let mut directions = Vec::new();
        for (number, part) in head.parts.iter().enumerate() {
            self.source.clone_from(&features);
            directions.push(self.part(&format!("part{number}"), part));
        }
        let lengths = match (&head.gate, head.parts.as_slice(), directions.as_slice()) {
            (Some(gate), [first, last], [_, direction]) => {
                self.gated_lengths(gate, [first, last], direction)
            }
            _ => self.fixed_lengths(&head.parts),
        };
        let mut parts = Vec::new();
        for (number, (direction, length)) in directions.into_iter().zip(lengths).enumerate() {
            self.source = direction;
            parts.push(self.node(&format!("part{number}.scaled"), "Mul", &[length], vec![]));
        }
        self.source = parts.remove(0);
        self.node("embedding", "Concat", &parts, vec![whole("axis", 1)]);
    }

    /// Returns the names of the lengths that parts have in every embedding.
    fn fixed_lengths(&mut self, parts: &[Part]) -> Vec<String> {
        let length = |(number, part): (usize, &Part)| {
            let name = format!("part{number}.length");
            self.weight(&name, &[1, 1], &[part.share.sqrt()])
        };
        parts.iter().enumerate().map(length).collect()
    }

    /// Adds a gate; returns the names of the lengths that it gives to the first and the last part,
    /// a number for each output. The logistic function is the first of two likelihoods, and both
    /// shares are sums of the two: so that all of it is dense layers and a softmax, which a
    /// compiled network has anyway.
    fn gated_lengths(&mut self, gate: &Gate, parts: [&Part; 2], last: &str) -> Vec<String> {
        last.clone_into(&mut self.source);
        let weights: Vec<f32> = gate.weights.iter().flat_map(|&w| [w, 0.0]).collect();
        let weights = self.weight("gate.weights", &[gate.weights.len(), 2], &weights);
        let bias = self.weight("gate.bias", &[1, 2], &[gate.bias, 0.0]);
        self.node("gate.product", "MatMul", &[weights], vec![]);
        self.node("gate.logits", "Add", &[bias], vec![]);
        let open = self.node("gate.open", "Softmax", &[], vec![whole("axis", 1)]);
        let most = parts[0].share;
        let shares = [[most, 0.0], [1.0 - most, 1.0]];
        let mut lengths = Vec::new();
        for (number, (part, [open_share, closed_share])) in parts.iter().zip(shares).enumerate() {
            let size = part.dimensions();
            let rows = [vec![open_share; size], vec![closed_share; size]].concat();
            let rows = self.weight(&format!("gate.shares{number}"), &[2, size], &rows);
            self.source.clone_from(&open);
            self.node(&format!("gate.share{number}"), "MatMul", &[rows], vec![]);
            lengths.push(self.node(&format!("gate.length{number}"), "Sqrt", &[], vec![]));
        }
        lengths
    }

    /// Adds one part of a head; returns the name of its direction.
    fn part(&mut self, name: &str, part: &Part) -> String {
        let outputs = part.bias.len();
        let rows = part.weights.len() / outputs;
        let weights = self.weight(&format!("{name}.weights"), &[rows, outputs], &part.weights);
        let bias = self.weight(&format!("{name}.bias"), &[1, outputs], &part.bias);
        self.node(&format!("{name}.product"), "MatMul", &[weights], vec![]);
        self.node(&format!("{name}.dense"), "Add", &[bias], vec![]);
        if let PartKind::Likelihoods { projection } = &part.kind {
            let axis = vec![whole("axis", 1)];
            self.node(&format!("{name}.likelihoods"), "Softmax", &[], axis);
            self.node(&format!("{name}.roots"), "Sqrt", &[], vec![]);
            if !projection.is_empty() {
                let shape = [outputs, projection.len() / outputs];
                let matrix = self.weight(&format!("{name}.projection"), &shape, projection);
                self.node(&format!("{name}.projected"), "MatMul", &[matrix], vec![]);
            }
        }
        self.unit_length(name)
    }

    /// Divides the source by its length, which may be zero; returns the name of the result.
    fn unit_length(&mut self, name: &str) -> String {
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
        self.node(&format!("{name}.direction"), "Div", &[length], vec![])
    }

    /// Adds a node that takes the source and `more`, and becomes the source; returns its name,
    /// which is also that of its output.
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
