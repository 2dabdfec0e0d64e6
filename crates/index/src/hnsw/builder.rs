//! Building the graph of a base.

use super::connectivity::{connect_components, ensure_in_degree, symmetrize};
use super::insertion_order::insertion_order;
use super::instant_distance::{self, RawGraph};
use super::links::Links;
use super::parameters::GraphParameters;
use crate::dot;
use crate::quantization::QuantizedVector;

/// A built graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BuiltGraph {
    /// The links of the bottom layer, which has every node.
    pub(crate) bottom: Links,
    /// Number of nodes in each layer, from the bottom up. A layer consists of the first nodes.
    pub(crate) layers: Vec<u32>,
    /// `order[new]` is the position of node `new` in the input: nodes are numbered by layer.
    pub(crate) order: Vec<u32>,
}

/// Builds the graph of distinct vectors of equal length.
pub(crate) fn build(vectors: &[&QuantizedVector], parameters: GraphParameters) -> BuiltGraph {
    let inserted = insertion_order(vectors, parameters.seed);
    let RawGraph { mut layers, order } = instant_distance::build(vectors, &inserted, parameters);
    let nodes_of_layers = layers.iter().map(|layer| layer.nodes() as u32).collect();
    let mut bottom = layers.swap_remove(0);
    symmetrize(&mut bottom);
    ensure_in_degree(&mut bottom, |node, other| {
        let [node, other] = [node, other].map(|node| vectors[order[node as usize] as usize]);
        dot::coarse(node.hi(), other.hi()) as f32 * other.scale
    });
    connect_components(&mut bottom);
    BuiltGraph {
        bottom,
        layers: nodes_of_layers,
        order,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::instant_distance::tests::clustered;
    use super::super::links::MAX_LINKS;
    use super::*;

    fn build_all(vectors: &[QuantizedVector]) -> BuiltGraph {
        let vectors: Vec<_> = vectors.iter().collect();
        build(&vectors, GraphParameters::default())
    }

    #[test]
    fn every_node_can_be_reached_over_valid_links() {
        for (count, dimensions) in [(1, 3), (2, 3), (33, 16), (1500, 200), (3000, 64)] {
            let graph = build_all(&clustered(count, dimensions));
            let mut order = graph.order.clone();
            order.sort_unstable();
            assert!(order.into_iter().eq(0..count as u32), "a permutation");
            let bottom = &graph.bottom;
            assert_eq!(
                *bottom.starts.last().unwrap() as usize,
                bottom.targets.len()
            );
            for node in 0..count {
                let links = bottom.of(node);
                assert!(links.len() <= MAX_LINKS);
                let others = |&to: &u32| (to as usize) < count && to as usize != node;
                assert!(links.iter().all(others));
            }
            assert_eq!(bottom.nodes(), count);
            assert_eq!(reachable(bottom), count, "{count} x {dimensions}");
            assert_eq!(graph.layers[0] as usize, count);
            assert!(graph.layers.is_sorted_by(|below, above| below > above));
        }
    }

    fn reachable(layer: &Links) -> usize {
        let mut seen = vec![false; layer.nodes()];
        seen[0] = true;
        let mut open = vec![0];
        while let Some(node) = open.pop() {
            for &to in layer.of(node as usize) {
                if !std::mem::replace(&mut seen[to as usize], true) {
                    open.push(to);
                }
            }
        }
        seen.into_iter().filter(|&seen| seen).count()
    }

    #[test]
    fn lengths_of_vectors_that_are_not_compiled_in_work_too() {
        for dimensions in [1, 129, 2049] {
            let graph = build_all(&clustered(50, dimensions));
            assert_eq!(reachable(&graph.bottom), 50, "{dimensions}");
        }
    }
}
