//! Parameters of building a graph.

/// The work that goes into a graph, and the recall that it must reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GraphParameters {
    /// Candidates that are compared while a node is linked (efConstruction).
    pub ef_construction: usize,
    /// True to fill every list with links that the selection of links left out: building then takes six times as
    /// long. Where hundreds of images look nearly the same, the selected links lead from one of them to another, and
    /// hardly ever out: of 400,000 vectors made from 3,000 photos, walks found 0.97 without, and 0.999 with it.
    pub fill_lists: bool,
    /// Seed of the layer draw.
    pub seed: u64,
    /// Minimum recall, the share of the ten best that walks find, 0 to 1, for the graph to be used. The measured one
    /// must be higher by a margin, 0.002 at 0.99, because it is not known more exactly.
    pub min_recall: f64,
}

/// Factor for `ef_construction` when a graph with full lists finds too little.
const STRONGER: usize = 2;
/// Maximum `ef_construction` that is tried.
const MAX_EF_CONSTRUCTION: usize = 400;

impl GraphParameters {
    /// Scales the work for a number of rows: the more rows, the more work it takes to find as much.
    pub fn for_rows(self, rows: usize) -> Self {
        let growth = (rows as f64 / 100_000.0).max(1.0).powf(0.3);
        Self {
            ef_construction: (self.ef_construction as f64 * growth) as usize,
            ..self
        }
    }

    /// Returns parameters of more work; `None` if this was the most already.
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
            // With 140, building takes a third longer, and searching as long at the same recall.
            ef_construction: 100,
            fill_lists: false,
            seed: 0,
            min_recall: 0.99,
        }
    }
}
