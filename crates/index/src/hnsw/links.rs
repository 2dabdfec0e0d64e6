//! The links of a graph layer.

/// Maximum links per node of the bottom layer, a constant of the library that builds the graph.
pub(super) const MAX_LINKS: usize = 64;

/// The links of one layer: node `i` is linked to `targets[starts[i]..starts[i + 1]]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Links {
    pub(crate) starts: Vec<u32>,
    pub(crate) targets: Vec<u32>,
}

impl Links {
    /// Returns the number of nodes of the layer.
    pub(crate) fn nodes(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Returns the nodes that a node is linked to.
    pub(super) fn of(&self, node: usize) -> &[u32] {
        &self.targets[self.starts[node] as usize..self.starts[node + 1] as usize]
    }
}
