//! The ends of the stages of a residual network.
//!
//! Such a network adds the input of a block to its output (He et al. 2016). Blocks that follow one
//! another in this way make a stage; where the size of the feature maps or the number of channels
//! changes, nothing can be added and the next stage begins. The feature maps at the end of a stage
//! describe more how things look and less what they are than the pooled features.

use std::collections::{HashMap, HashSet};

use lookalike_inference::pb::{GraphProto, NodeProto};

/// Operators that may be between two blocks of a stage.
const ACTIVATIONS: [&str; 6] = [
    "Clip",
    "Dropout",
    "HardSwish",
    "Identity",
    "LeakyRelu",
    "Relu",
];
/// Operators that make new features; all others only scale, move or select them.
const LAYERS: [&str; 4] = ["Conv", "ConvTranspose", "Gemm", "MatMul"];

/// Number of last stages that are used. Earlier ones were tried in addition on photos of clothes,
/// without any gain.
const LATE_STAGES: usize = 2;

/// Returns the values at the ends of the last stages, in the order of execution, except for one
/// from which the network's output is already pooled.
pub(super) fn stage_ends(graph: &GraphProto) -> Vec<String> {
    let network = Network::new(graph);
    let additions: Vec<&NodeProto> = graph.node.iter().filter(|n| network.adds(n)).collect();
    let goes_on: HashSet<&str> = additions
        .iter()
        .flat_map(|node| &node.input)
        .map(|input| network.before_activations(input))
        .collect();
    let pooled = network.pooled_from(graph);
    let ends = additions.into_iter().filter_map(|node| node.output.first());
    let mut ends: Vec<String> = ends
        .filter(|end| !goes_on.contains(end.as_str()) && !pooled.contains(end.as_str()))
        .cloned()
        .collect();
    ends.split_off(ends.len().saturating_sub(LATE_STAGES))
}

struct Network<'a> {
    /// The node that makes each value.
    makers: HashMap<&'a str, &'a NodeProto>,
    /// Values that depend on the network's input.
    moving: HashSet<&'a str>,
}

impl<'a> Network<'a> {
    fn new(graph: &'a GraphProto) -> Network<'a> {
        let fixed: HashSet<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
        let inputs = graph.input.iter().map(|input| input.name.as_str());
        let mut network = Network {
            makers: HashMap::new(),
            moving: inputs.filter(|name| !fixed.contains(name)).collect(),
        };
        for node in &graph.node {
            let moves = node
                .input
                .iter()
                .any(|name| network.moving.contains(name.as_str()));
            for output in node.output.iter().filter(|name| !name.is_empty()) {
                network.makers.insert(output, node);
                if moves {
                    network.moving.insert(output);
                }
            }
        }
        network
    }

    /// True if a node adds two values that both depend on the input; a constant offset does not.
    fn adds(&self, node: &NodeProto) -> bool {
        node.op_type == "Add"
            && node.input.len() == 2
            && node
                .input
                .iter()
                .all(|name| self.moving.contains(name.as_str()))
    }

    fn before_activations<'b>(&self, mut value: &'b str) -> &'b str
    where
        'a: 'b,
    {
        while let Some(node) = self.makers.get(value)
            && ACTIVATIONS.contains(&node.op_type.as_str())
            && let Some(input) = node.input.first()
        {
            value = input;
        }
        value
    }

    /// Returns every value from which the output is made without another layer.
    fn pooled_from(&self, graph: &'a GraphProto) -> HashSet<&'a str> {
        let mut found = HashSet::new();
        let mut open: Vec<&str> = graph.output.iter().map(|o| o.name.as_str()).collect();
        while let Some(value) = open.pop() {
            if found.insert(value)
                && let Some(node) = self.makers.get(value)
                && !LAYERS.contains(&node.op_type.as_str())
            {
                open.extend(node.input.iter().map(String::as_str));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use lookalike_inference::pb::{TensorProto, ValueInfoProto};

    use super::*;

    /// Parses nodes written as `output = Operator input input`.
    fn network(lines: &[&str]) -> GraphProto {
        let node = |line: &&str| {
            let mut words = line.split_whitespace().map(str::to_owned);
            let output = words.next().unwrap_or_default();
            NodeProto {
                output: vec![output],
                op_type: words.nth(1).unwrap_or_default(),
                input: words.collect(),
                ..NodeProto::default()
            }
        };
        let named = |name: &str| ValueInfoProto {
            name: name.to_owned(),
            ..ValueInfoProto::default()
        };
        GraphProto {
            node: lines.iter().map(node).collect(),
            input: vec![named("pixels")],
            output: vec![named("out")],
            initializer: vec![TensorProto {
                name: "w".to_owned(),
                ..TensorProto::default()
            }],
            ..GraphProto::default()
        }
    }

    #[test]
    fn the_last_addition_of_a_stage_ends_it() {
        let network = network(&[
            "a = Conv pixels w",
            "b = Conv a w",
            "first = Add b a",
            "c = Relu first",
            "d = Conv c w",
            "second = Add d c",
            "e = Relu second",
            "f = Conv e w",
            "g = Add f w",
            "h = Conv g w",
            "third = Add h g",
            "i = Conv third w",
            "j = GlobalAveragePool i",
            "out = Flatten j",
        ]);
        assert_eq!(stage_ends(&network), ["second", "third"]);
    }

    #[test]
    fn a_stage_that_is_already_pooled_is_left_out() {
        let network = network(&[
            "a = Conv pixels w",
            "b = Conv a w",
            "first = Add b a",
            "c = Relu first",
            "d = Conv c w",
            "e = Conv c w",
            "second = Add d e",
            "f = Relu second",
            "out = GlobalAveragePool f",
        ]);
        assert_eq!(stage_ends(&network), ["first"]);
        assert!(stage_ends(&GraphProto::default()).is_empty());
    }
}
