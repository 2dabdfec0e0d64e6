//! Small networks, each with something to recognize or to leave unchanged, compared with tract
//! alone.

use lookalike_inference::Network;
use lookalike_inference::pb::attribute_proto::AttributeType;
use lookalike_inference::pb::tensor_proto::DataType;
use lookalike_inference::pb::type_proto::{Tensor, Value};
use lookalike_inference::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TypeProto,
    ValueInfoProto,
};
use prost::Message;

const CHANNELS: usize = 6;
const SHAPE: [usize; 4] = [1, CHANNELS, 12, 6];

/// Returns pseudo-random numbers in [-1, 1].
fn numbers(count: usize, seed: usize) -> Vec<f32> {
    let number = |i: usize| ((i * 7919 + seed * 104_729 + 13) % 2003) as f32 / 1001.0 - 1.0;
    (0..count).map(number).collect()
}

/// A network under construction; values are referred to by name, and the pixels are `x`.
#[derive(Default)]
struct Graph(GraphProto);

impl Graph {
    fn node(&mut self, operator: &str, inputs: &[&str], attributes: &[(&str, &[i64])]) -> String {
        let name = format!("n{}", self.0.node.len());
        let attribute = attributes.iter().map(|&(name, values)| AttributeProto {
            name: name.to_owned(),
            r#type: match values {
                [_] => AttributeType::Int as i32,
                _ => AttributeType::Ints as i32,
            },
            i: values[0],
            ints: if values.len() > 1 {
                values.to_vec()
            } else {
                vec![]
            },
            ..AttributeProto::default()
        });
        self.0.node.push(NodeProto {
            op_type: operator.to_owned(),
            name: name.clone(),
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![name.clone()],
            attribute: attribute.collect(),
            ..NodeProto::default()
        });
        name
    }

    fn constant(&mut self, shape: &[usize], values: &[f32]) -> String {
        let name = format!("c{}", self.0.initializer.len());
        self.0.initializer.push(TensorProto {
            dims: shape.iter().map(|&side| side as i64).collect(),
            data_type: DataType::Float as i32,
            name: name.clone(),
            raw_data: values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect(),
            ..TensorProto::default()
        });
        name
    }

    /// Adds a pseudo-random constant.
    fn some(&mut self, shape: &[usize]) -> String {
        let values = numbers(shape.iter().product(), self.0.initializer.len());
        self.constant(shape, &values)
    }

    /// Adds a convolution with bias and padding that keeps the size at stride 1 if the side is odd.
    fn conv(&mut self, x: &str, shape: [usize; 4], more: &[(&str, &[i64])]) -> String {
        let (weights, bias) = (self.some(&shape), self.some(&shape[..1]));
        let pads = [shape[2] / 2, shape[3] / 2].map(|pad| pad as i64);
        let pads = [pads[0], pads[1], pads[0], pads[1]];
        let kernel = [shape[2] as i64, shape[3] as i64];
        let mut attributes = vec![("kernel_shape", &kernel[..]), ("pads", &pads[..])];
        attributes.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
        attributes.extend(more);
        self.node("Conv", &[x, &weights, &bias], &attributes)
    }

    fn depthwise(&mut self, x: &str, channels: usize, more: &[(&str, &[i64])]) -> String {
        let group = [channels as i64];
        let more = [more, &[("group", &group)]].concat();
        self.conv(x, [channels, 1, 3, 3], &more)
    }

    fn pointwise(&mut self, x: &str, from: usize, to: usize) -> String {
        self.conv(x, [to, from, 1, 1], &[])
    }

    /// Clips to 0 to 6, first from below or first from above.
    fn clip(&mut self, x: &str, [first, second]: [(&str, f32); 2]) -> String {
        let bound = self.constant(&[], &[first.1]);
        let x = self.node(first.0, &[x, &bound], &[]);
        let bound = self.constant(&[], &[second.1]);
        self.node(second.0, &[&x, &bound], &[])
    }

    fn relu6(&mut self, x: &str) -> String {
        self.clip(x, [("Max", 0.0), ("Min", 6.0)])
    }

    /// Ends with the averages of these values; returns the bytes of the file.
    fn end(mut self, values: &[&str]) -> Vec<u8> {
        let mut flat = vec![];
        for value in values {
            let pooled = self.node("GlobalAveragePool", &[value], &[]);
            flat.push(self.node("Flatten", &[&pooled], &[("axis", &[1])]));
        }
        let flat: Vec<&str> = flat.iter().map(String::as_str).collect();
        let output = self.node("Concat", &flat, &[("axis", &[1])]);
        let pixels = value("x", &SHAPE);
        self.0.input.push(pixels);
        self.0.output.push(ValueInfoProto {
            name: output,
            ..value("", &[])
        });
        let opset = OperatorSetIdProto {
            domain: String::new(),
            version: 13,
        };
        let model = ModelProto {
            ir_version: 8,
            graph: Some(self.0),
            opset_import: vec![opset],
            ..ModelProto::default()
        };
        model.encode_to_vec()
    }
}

fn value(name: &str, shape: &[usize]) -> ValueInfoProto {
    use lookalike_inference::pb::tensor_shape_proto::{Dimension, dimension};
    let dim = shape.iter().map(|&side| Dimension {
        value: Some(dimension::Value::DimValue(side as i64)),
        ..Dimension::default()
    });
    let shape = (!shape.is_empty())
        .then(|| lookalike_inference::pb::TensorShapeProto { dim: dim.collect() });
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto {
            value: Some(Value::TensorType(Tensor {
                elem_type: DataType::Float as i32,
                shape,
            })),
            ..TypeProto::default()
        }),
        ..ValueInfoProto::default()
    }
}

/// Checks that both networks compute the same, and that this one has `layers` layers.
fn check(layers: usize, build: impl FnOnce(&mut Graph) -> Vec<String>) {
    let mut graph = Graph::default();
    let ends = build(&mut graph);
    let ends: Vec<&str> = ends.iter().map(String::as_str).collect();
    let onnx = graph.end(&ends);
    let ours = Network::load(&onnx, SHAPE).expect("ours");
    let reference = Network::reference(&onnx, SHAPE).expect("stock");
    let pixels = numbers(SHAPE.iter().product(), 99);
    let found = ours.run(&pixels).expect("ours runs");
    let expected = reference.run(&pixels).expect("stock runs");
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        let near = (found - expected).abs() <= 1e-5 * expected.abs().max(1.0);
        assert!(near, "{found} for {expected}");
    }
    assert!(
        expected.iter().any(|value| value.abs() > 0.01),
        "it says something"
    );
    assert_eq!(ours.layers(), layers);
}

#[test]
fn a_block_is_one_layer() {
    check(2, |g| {
        let x = g.pointwise("x", CHANNELS, 20);
        let x = g.relu6(&x);
        let x = g.depthwise(&x, 20, &[]);
        let x = g.relu6(&x);
        let x = g.pointwise(&x, 20, CHANNELS);
        vec![g.node("Add", &["x", &x], &[])]
    });
}

#[test]
fn scale_and_bias_are_taken_in_and_in_their_order() {
    check(2, |g| {
        let x = g.pointwise("x", CHANNELS, 9);
        let scale = g.some(&[1, 9, 1, 1]);
        let x = g.node("Mul", &[&scale, &x], &[]);
        let bias = g.some(&[9, 1, 1]);
        let x = g.node("Add", &[&x, &bias], &[]);
        vec![g.clip(&x, [("Min", 0.5), ("Max", -0.5)])]
    });
}

#[test]
fn clips_may_cross() {
    check(2, |g| {
        let x = g.pointwise("x", CHANNELS, 5);
        vec![g.clip(&x, [("Min", -0.5), ("Max", 0.5)])]
    });
    check(2, |g| {
        let x = g.pointwise("x", CHANNELS, 5);
        vec![g.clip(&x, [("Max", 0.5), ("Min", -0.5)])]
    });
}

#[test]
fn operators_after_a_clip_stay() {
    check(3, |g| {
        let x = g.pointwise("x", CHANNELS, 5);
        let x = g.relu6(&x);
        let bias = g.some(&[1, 5, 1, 1]);
        let x = g.node("Add", &[&x, &bias], &[]);
        vec![g.pointwise(&x, 5, 4)]
    });
}

#[test]
fn a_constant_along_the_width_is_not_a_bias() {
    check(1, |g| {
        // As many pixels in a row as channels.
        let x = g.pointwise("x", CHANNELS, 6);
        let along = g.some(&[1, 1, 1, 6]);
        vec![g.node("Add", &[&x, &along], &[])]
    });
}

#[test]
fn a_sum_of_two_convolutions_belongs_to_one() {
    check(3, |g| {
        let left = g.pointwise("x", CHANNELS, 7);
        let right = g.conv("x", [7, CHANNELS, 3, 3], &[]);
        let x = g.node("Add", &[&left, &right], &[]);
        vec![g.node("Relu", &[&x], &[])]
    });
}

#[test]
fn a_value_added_to_itself_is_not_a_residual() {
    check(1, |g| {
        let x = g.pointwise("x", CHANNELS, 7);
        vec![g.node("Add", &[&x, &x], &[])]
    });
}

#[test]
fn a_value_with_two_readers_is_not_absorbed() {
    check(5, |g| {
        let x = g.pointwise("x", CHANNELS, 8);
        let y = g.depthwise(&x, 8, &[]);
        // The first convolution is averaged too.
        let y = g.pointwise(&y, 8, 3);
        let z = g.conv(&x, [4, 8, 3, 3], &[("strides", &[2, 2])]);
        let z = g.relu6(&z);
        vec![y, z]
    });
}

#[test]
fn consecutive_depthwise_convolutions_share_the_layers_between_them() {
    let build = |g: &mut Graph| {
        let x = g.depthwise("x", CHANNELS, &[("strides", &[2, 2])]);
        let x = g.pointwise(&x, CHANNELS, 16);
        let x = g.relu6(&x);
        let x = g.depthwise(&x, 16, &[]);
        vec![g.pointwise(&x, 16, 8)]
    };
    check(3, build);
    let mut graph = Graph::default();
    let ends = build(&mut graph);
    let onnx = graph.end(&[&ends[0]]);
    let compile = || Network::compile(&onnx, SHAPE).expect("compiled");
    let first = compile();
    assert!(
        (0..5).all(|_| compile() == first),
        "the order is always the same"
    );
}

#[test]
fn filters_without_a_kernel_stay_or_are_gathered() {
    // Tract's own: a dilated depthwise convolution.
    check(2, |g| {
        let x = g.depthwise(
            "x",
            CHANNELS,
            &[("dilations", &[2, 2]), ("pads", &[2, 2, 2, 2])],
        );
        vec![g.pointwise(&x, CHANNELS, 3)]
    });
    check(2, |g| {
        let dilated: &[(&str, &[i64])] = &[("dilations", &[2, 1]), ("strides", &[1, 2])];
        vec![g.conv("x", [5, CHANNELS, 3, 2], dilated)]
    });
    check(2, |g| {
        vec![g.conv("x", [5, CHANNELS, 4, 1], &[("pads", &[0, 0, 3, 0])])]
    });
}

#[test]
fn excessive_padding_is_left_to_tract() {
    check(0, |g| {
        let far: &[(&str, &[i64])] = &[("dilations", &[40, 40]), ("pads", &[40, 40, 40, 40])];
        vec![g.conv("x", [2, CHANNELS, 3, 3], far)]
    });
}
