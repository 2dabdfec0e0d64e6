//! A translated model as bytes: made at build time, and used at start without parsing, optimizing
//! or copying.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | [`MAGIC`], whose last byte is the version |
//! | 8 | length of the plan, little-endian |
//! | that length | the plan, in postcard: the nodes in the order of execution |
//! | to a multiple of 64 | zeros |
//! | the rest | [`CacheLine`]s of weights, in the byte order of the target |
//!
//! It contains layers and the few plain operators around them; a model with others is not compiled.

mod node;

use serde::{Deserialize, Serialize};
use tract_onnx::tract_core::internal::*;

use self::node::StoredOp;
use crate::kernels::CacheLine;
use crate::layers::{Lines, Span};

/// The first bytes.
const MAGIC: [u8; 8] = *b"LKNET\0\0\x01";

/// Bytes of magic and length.
const HEAD: usize = 16;

#[derive(Debug, Serialize, Deserialize)]
struct Plan {
    nodes: Vec<StoredNode>,
    /// The node of the result.
    output: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredNode {
    name: String,
    op: StoredOp,
    /// The nodes whose results it reads.
    inputs: Vec<u32>,
}

/// Returns the bytes of a model.
pub(crate) fn write(model: &TypedModel) -> TractResult<Vec<u8>> {
    let mut weights: Vec<CacheLine> = Vec::new();
    let mut places = HashMap::new();
    let mut nodes = Vec::new();
    for id in model.eval_order()? {
        let node = model.node(id);
        let inputs = node.inputs.iter().map(|input| places[&input.node]);
        let inputs = inputs.collect();
        let op = StoredOp::of(node, |lines: &Lines| {
            let first = u32::try_from(weights.len())?;
            let count = u32::try_from(lines.len())?;
            weights.extend_from_slice(lines);
            Ok(Span { first, count })
        });
        let op = op.with_context(|| format!("node {:?} cannot be compiled", node.name))?;
        places.insert(id, nodes.len() as u32);
        nodes.push(StoredNode {
            name: node.name.clone(),
            op,
            inputs,
        });
    }
    let output = places[&model.output_outlets()?[0].node];
    let plan = postcard::to_allocvec(&Plan { nodes, output })?;
    let mut bytes = Vec::with_capacity(HEAD + plan.len() + size_of_val(weights.as_slice()));
    bytes.extend(MAGIC);
    bytes.extend((plan.len() as u64).to_le_bytes());
    bytes.extend(plan);
    bytes.resize(bytes.len().next_multiple_of(size_of::<CacheLine>()), 0);
    bytes.extend_from_slice(bytemuck::cast_slice(&weights));
    Ok(bytes)
}

/// Reads a model from its bytes, which must begin at a multiple of 64 in memory.
pub(crate) fn read(bytes: &'static [u8]) -> TractResult<TypedModel> {
    let (plan, weights) = split(bytes).context("these are not the bytes of a compiled network")?;
    let plan: Plan = postcard::from_bytes(plan)?;
    let weights: &'static [CacheLine] = bytemuck::try_cast_slice(weights)
        .map_err(|error| format_err!("weights that cannot be used in place: {error}"))?;
    let mut model = TypedModel::default();
    let mut wires: Vec<OutletId> = Vec::with_capacity(plan.nodes.len());
    for node in plan.nodes {
        let inputs = node.inputs.iter().map(|&input| {
            let wire = wires.get(input as usize).copied();
            wire.context("a node reads one that comes after it")
        });
        let inputs = inputs.collect::<TractResult<TVec<_>>>()?;
        let wire = node
            .op
            .wire(&mut model, node.name, &inputs, |span: &Span| {
                let first = span.first as usize;
                let lines = weights.get(first..first + span.count as usize);
                lines.map(Lines::Static).context("weights past the end")
            })?;
        wires.push(wire);
    }
    let output = wires.get(plan.output as usize).copied();
    model.select_output_outlets(&[output.context("an output that is not a node")?])?;
    Ok(model)
}

/// Splits plan and weights.
fn split(bytes: &'static [u8]) -> Option<(&'static [u8], &'static [u8])> {
    let rest = bytes.strip_prefix(&MAGIC)?;
    let (length, rest) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let plan = rest.get(..length)?;
    let weights = (HEAD + length).next_multiple_of(size_of::<CacheLine>());
    Some((plan, bytes.get(weights..)?))
}
