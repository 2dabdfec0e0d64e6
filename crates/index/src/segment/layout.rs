//! The order in which rows are stored, and the graph over them.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use twox_hash::XxHash3_64;

use crate::hnsw::{self, BuiltGraph, GraphParameters};
use crate::quantization::QuantizedVector;
use crate::row::Row;

/// The order in which rows are stored: by node, and nodes as the graph numbers them.
#[derive(Clone)]
pub(super) struct Layout {
    /// The rows of each node, as positions in the content.
    pub(super) nodes: Vec<Vec<usize>>,
    /// The graph over the nodes, which determines their order.
    pub(super) graph: Option<BuiltGraph>,
}

impl Layout {
    /// Orders rows without a graph. `embeddings` are those of the rows.
    pub(super) fn exact(rows: &[Row], embeddings: &[QuantizedVector]) -> Self {
        let mut nodes = distinct_vectors(embeddings);
        // Within a node by product, then by key: a search returns the first row that it meets.
        for node in nodes.iter_mut().filter(|node| node.len() > 1) {
            node.sort_unstable_by_key(|&i| (&rows[i].product_id, &rows[i].key));
        }
        Self { nodes, graph: None }
    }

    /// Builds a graph and orders the rows by it.
    pub(super) fn with_graph(
        &self,
        embeddings: &[QuantizedVector],
        parameters: GraphParameters,
    ) -> Self {
        let vectors: Vec<&QuantizedVector> =
            self.nodes.iter().map(|node| &embeddings[node[0]]).collect();
        let built = hnsw::build(&vectors, parameters);
        let nodes = built.order.iter();
        Self {
            nodes: nodes.map(|&old| self.nodes[old as usize].clone()).collect(),
            graph: Some(built),
        }
    }

    /// Returns the rows in stored order, as positions in the content.
    pub(super) fn rows(&self) -> impl Iterator<Item = usize> {
        self.nodes.iter().flatten().copied()
    }
}

/// Groups rows by identical vector, in order of first appearance. In a graph, groups of exact duplicates would fill
/// each other's neighbor lists and cut off everything else.
fn distinct_vectors(embeddings: &[QuantizedVector]) -> Vec<Vec<usize>> {
    let mut seen: HashMap<HashedVector<'_>, usize> = HashMap::with_capacity(embeddings.len());
    let mut nodes: Vec<Vec<usize>> = Vec::with_capacity(embeddings.len());
    for (i, vector) in embeddings.iter().enumerate() {
        let node = *seen.entry(HashedVector::new(vector)).or_insert_with(|| {
            nodes.push(Vec::with_capacity(1));
            nodes.len() - 1
        });
        nodes[node].push(i);
    }
    nodes
}

/// A vector with a hash of its coarse components: the hash of the map is ten times slower over that many bytes.
struct HashedVector<'a> {
    hash: u64,
    vector: &'a QuantizedVector,
}

impl<'a> HashedVector<'a> {
    fn new(vector: &'a QuantizedVector) -> Self {
        let hash = XxHash3_64::oneshot(bytemuck::cast_slice(vector.hi()));
        Self { hash, vector }
    }
}

impl Hash for HashedVector<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl PartialEq for HashedVector<'_> {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.vector, other.vector);
        a.scale.to_bits() == b.scale.to_bits() && a.hi() == b.hi() && a.lo() == b.lo()
    }
}

impl Eq for HashedVector<'_> {}
