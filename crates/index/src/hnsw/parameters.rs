//! Parameters for building a graph.

/// The effort of building a graph, and the recall that it must reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GraphParameters {
    /// Number of candidates that are compared while a node is linked (efConstruction).
    pub ef_construction: usize,
    /// True to fill every list with links that the heuristic left out; building then takes six
    /// times as long. Where hundreds of images look nearly the same, the chosen links lead from one
    /// of them to another, and hardly ever out: of 400,000 vectors made from 3,000 photos, walks
    /// found 0.97 without this, and 0.999 with it.
    pub fill_lists: bool,
    /// Seed of the layer draw.
    pub seed: u64,
    /// Minimum recall, the share of the ten best that walks find, 0 to 1, for the graph to be used.
    /// The measured one must be higher by a margin, 0.002 at 0.99, because it is not known more
    /// exactly.
    pub min_recall: f64,
}

/// Factor for `ef_construction` if a graph with full lists finds too little.
const STRONGER: usize = 2;
/// Maximum `ef_construction` that is tried.
const MAX_EF_CONSTRUCTION: usize = 400;

impl GraphParameters {
    /// Scales the effort to a number of rows: with more rows, the same recall takes more work.
    pub fn for_rows(self, rows: usize) -> Self {
        let growth = (rows as f64 / 100_000.0).max(1.0).powf(0.3);
        Self {
            ef_construction: (self.ef_construction as f64 * growth) as usize,
            ..self
        }
    }

    /// Returns parameters of more effort; `None` if these are the maximum.
    pub(crate) fn stronger(self) -> Option<Self> {
        if !self.fill_lists {
            return Some(Self {
                fill_lists: true,
                seed: self.seed.wrapping_add(1),
                ..self
            });
        }
        let ef_construction = self.ef_construction.max(1).saturating_mul(STRONGER);
        (ef_construction <= MAX_EF_CONSTRUCTION).then_some(Self {
            ef_construction,
            seed: self.seed.wrapping_add(1),
            ..self
        })
    }
}

impl Default for GraphParameters {
    fn default() -> Self {
        Self {
            // With 140, building takes a third longer, and searching takes as long at the same
            // recall.
            ef_construction: 100,
            fill_lists: false,
            seed: 0,
            min_recall: 0.99,
        }
    }
}
