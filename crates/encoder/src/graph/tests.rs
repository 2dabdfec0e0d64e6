#![allow(clippy::unwrap_used)]
use super::*;
use crate::{Augmentation, Backbone, Encoder, Gate, Part, PartKind};

const CONFIG: &[u8] = br#"{"do_resize": true, "size": {"height": 4, "width": 4}, "resample": 2,
    "do_rescale": true, "do_normalize": false}"#;

/// Makes a network that averages the pixels of each channel: pixels `[1, 3, 4, 4]` to `[1, 3, 1,
/// 1]`.
fn averages(opset: i64, batch: Option<&str>) -> Vec<u8> {
    use pb::tensor_shape_proto::{Dimension, dimension::Value};
    let mut pixels = value("pixels", None);
    let side = |value| Dimension {
        value: Some(value),
        ..Dimension::default()
    };
    let first = batch.map_or(Value::DimValue(1), |name| Value::DimParam(name.to_owned()));
    let dim = [
        first,
        Value::DimValue(3),
        Value::DimValue(4),
        Value::DimValue(4),
    ];
    let shape = pb::TensorShapeProto {
        dim: dim.into_iter().map(side).collect(),
    };
    if let Some(pb::TypeProto {
        value: Some(pb::type_proto::Value::TensorType(tensor)),
        ..
    }) = &mut pixels.r#type
    {
        tensor.shape = Some(shape);
    }
    let node = |operator: &str, name: &str, input: &str| pb::NodeProto {
        input: vec![input.to_owned()],
        output: vec![name.to_owned()],
        name: name.to_owned(),
        op_type: operator.to_owned(),
        ..pb::NodeProto::default()
    };
    let graph = pb::GraphProto {
        name: "averages".to_owned(),
        node: vec![
            node("Relu", "relu", "pixels"),
            node("GlobalAveragePool", "pool", "relu"),
        ],
        input: vec![pixels],
        output: vec![value("pool", None)],
        ..pb::GraphProto::default()
    };
    let model = pb::ModelProto {
        ir_version: 8,
        opset_import: vec![pb::OperatorSetIdProto {
            domain: String::new(),
            version: opset,
        }],
        graph: Some(graph),
        ..pb::ModelProto::default()
    };
    model.encode_to_vec()
}

fn head(projects: bool) -> ProjectionHead {
    let part = |weights: &[f32], bias: &[f32], kind, share| Part {
        weights: weights.to_vec(),
        bias: bias.to_vec(),
        kind,
        share,
    };
    let projection = if projects { vec![0.5, 1.5] } else { Vec::new() };
    let likelihoods = PartKind::Likelihoods { projection };
    ProjectionHead {
        parts: vec![
            part(
                &[1.0, 2.0, -1.0, 0.5, 0.0, 3.0],
                &[0.1, -0.2],
                PartKind::Direction,
                0.5,
            ),
            part(&[0.3, -0.7, 0.2], &[0.0], PartKind::Direction, 0.2),
            part(
                &[4.0, -2.0, 1.0, 0.5, -5.0, 3.0],
                &[0.3, 0.2],
                likelihoods,
                0.3,
            ),
        ],
        gate: None,
    }
}

/// Behind a gate that is neither open nor closed.
fn gated_head() -> ProjectionHead {
    let mut head = head(false);
    head.parts.remove(1);
    head.parts.swap(0, 1);
    head.gate = Some(Gate {
        weights: vec![0.8, -0.3],
        bias: 0.1,
    });
    head
}

/// A GIF of one pixel, `0x336699`.
const IMAGE: &[u8] = &[
    0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 1, 0, 1, 0, 0x80, 0, 0, 0x33, 0x66, 0x99, 0, 0, 0, 0x2c, 0,
    0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3b,
];

#[test]
fn a_joined_file_computes_the_same_as_the_head() {
    for opset in [7, 13, 18, 21] {
        for batch in [None, Some("N")] {
            for head in [head(false), head(true), gated_head()] {
                let backbone = Backbone::from_parts("averages", &averages(opset, batch), CONFIG);
                let backbone = backbone.unwrap();
                let features = backbone
                    .pool(IMAGE, &[Augmentation::NONE])
                    .unwrap()
                    .remove(0);
                assert!((features[2] - 0.6).abs() < 1e-3, "{features:?}");
                let joined = backbone.join(&head, &[("parents", "[]")]).unwrap();
                let encoder = Encoder::from_parts("joined", &joined, CONFIG).unwrap();
                let found = encoder.embed(IMAGE).unwrap();
                for (found, expected) in found.iter().zip(head.apply(&features)) {
                    assert!((found - expected).abs() < 1e-5, "opset {opset}, {head:?}");
                }
            }
        }
    }
}

#[test]
fn a_joined_file_is_the_backbone_it_was_made_from() {
    let first = Backbone::from_parts("averages", &averages(13, None), CONFIG).unwrap();
    let joined = first.join(&head(true), &[("parents", "[]")]).unwrap();
    let second = Backbone::from_parts("joined", &joined, CONFIG).unwrap();
    assert_eq!(second.features(), 3);
    assert_eq!(first.fingerprint(), second.fingerprint());
    assert_ne!(first.file_sha256(), second.file_sha256());
    assert!(
        second
            .metadata()
            .contains(&("lookalike.parents".to_owned(), "[]".to_owned()))
    );
    // The metadata may be lost; the name is enough.
    let mut bare = Graph::parse(&joined).unwrap();
    bare.0.metadata_props.clear();
    let third = Backbone::from_parts("bare", &bare.encode(), CONFIG).unwrap();
    assert_eq!(first.fingerprint(), third.fingerprint());
    let again = second.join(&head(true), &[("parents", "[]")]).unwrap();
    assert_eq!(joined, again);
}

#[test]
fn names_that_are_taken_are_left_alone() {
    let mut taken = Graph::parse(&averages(13, None)).unwrap();
    let graph = taken.graph_mut().unwrap();
    graph.node[0].output[0] = "lookalike.part0.weights".to_owned();
    graph.node[1].input[0] = "lookalike.part0.weights".to_owned();
    let backbone = Backbone::from_parts("taken", &taken.encode(), CONFIG).unwrap();
    let joined = backbone.join(&head(false), &[]).unwrap();
    assert_eq!(
        Encoder::from_parts("joined", &joined, CONFIG)
            .unwrap()
            .dimensions(),
        head(false).dimensions()
    );
    let again = Backbone::from_parts("joined", &joined, CONFIG).unwrap();
    assert_eq!(again.fingerprint(), backbone.fingerprint());
}

#[test]
fn invalid_backbones_are_refused() {
    let no_file = Backbone::from_parts("none", b"no protobuf", CONFIG).unwrap_err();
    assert!(
        no_file.to_string().contains("not an ONNX file"),
        "{no_file}"
    );
    assert!(Backbone::from_parts("empty", b"", CONFIG).is_err());
    let old = Backbone::from_parts("old", &averages(6, None), CONFIG);
    if let Ok(old) = old {
        let error = old.join(&head(false), &[]).unwrap_err();
        assert!(error.to_string().contains("version 6"), "{error}");
    }
    let backbone = Backbone::from_parts("averages", &averages(13, None), CONFIG).unwrap();
    let mut wrong = head(false);
    wrong.parts[1].weights.pop();
    assert!(backbone.join(&wrong, &[]).is_err());
}
