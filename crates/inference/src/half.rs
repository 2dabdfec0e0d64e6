//! Networks of half precision, computed in full precision: every f16 of the graph becomes the same
//! number as f32.
//!
//! Half precision halves the file. Lambda's processors have no faster arithmetic for it, and an f16
//! sum over thousands of products is imprecise, so only the storage uses it.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{
    AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfoProto, type_proto,
};
use tract_onnx::prelude::f16;

const HALF: i32 = DataType::Float16 as i32;
const FULL: i32 = DataType::Float as i32;

/// Replaces f16 by f32 in weights, constants, casts and declared types.
pub(crate) fn widen(graph: &mut GraphProto) {
    graph.initializer.iter_mut().for_each(tensor);
    let values = graph.input.iter_mut().chain(&mut graph.output);
    values.chain(&mut graph.value_info).for_each(declared);
    graph.node.iter_mut().for_each(node);
}

fn node(node: &mut NodeProto) {
    let casts = node.op_type == "Cast";
    for attribute in &mut node.attribute {
        if casts && attribute.name == "to" && attribute.i == i64::from(HALF) {
            attribute.i = i64::from(FULL);
        }
        contents(attribute);
    }
}

fn contents(attribute: &mut AttributeProto) {
    attribute.t.iter_mut().for_each(tensor);
    attribute.tensors.iter_mut().for_each(tensor);
    attribute.g.iter_mut().for_each(widen);
    attribute.graphs.iter_mut().for_each(widen);
}

fn declared(value: &mut ValueInfoProto) {
    let kind = value.r#type.as_mut().and_then(|kind| kind.value.as_mut());
    if let Some(type_proto::Value::TensorType(tensor)) = kind
        && tensor.elem_type == HALF
    {
        tensor.elem_type = FULL;
    }
}

/// Widens a tensor. The format stores f16 as two bytes each, or as the low bits of an int32 each.
fn tensor(tensor: &mut TensorProto) {
    if tensor.data_type != HALF {
        return;
    }
    tensor.data_type = FULL;
    let bytes = tensor.raw_data.chunks_exact(2);
    let bits = bytes.map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let stored = tensor.int32_data.iter().map(|&bits| bits as u16);
    let wide = bits.chain(stored).map(|bits| f16::from_bits(bits).to_f32());
    let wide: Vec<f32> = wide.collect();
    tensor.raw_data.clear();
    tensor.int32_data.clear();
    tensor.float_data = wide;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(raw: &[u8], ints: &[i32]) -> TensorProto {
        TensorProto {
            data_type: HALF,
            raw_data: raw.to_vec(),
            int32_data: ints.to_vec(),
            ..TensorProto::default()
        }
    }

    #[test]
    fn both_ways_to_store_give_the_same_numbers() {
        let expected = [1.0, -2.0, 65504.0, f32::INFINITY];
        let bits: [u16; 4] = [0x3C00, 0xC000, 0x7BFF, 0x7C00];
        let raw: Vec<u8> = bits.iter().flat_map(|bits| bits.to_le_bytes()).collect();
        let ints: Vec<i32> = bits.iter().map(|&bits| i32::from(bits)).collect();
        for mut found in [stored(&raw, &[]), stored(&[], &ints)] {
            tensor(&mut found);
            assert_eq!(found.data_type, FULL);
            assert_eq!(found.float_data, expected);
            assert!(found.raw_data.is_empty() && found.int32_data.is_empty());
        }
    }

    #[test]
    fn other_tensors_stay() {
        let mut whole = stored(&[], &[7]);
        whole.data_type = DataType::Int32 as i32;
        let before = whole.clone();
        tensor(&mut whole);
        assert_eq!(whole, before);
    }
}
