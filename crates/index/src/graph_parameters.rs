//! How much work goes into a graph, and what it must be good for.

/// How much work goes into the graph.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GraphParameters {
    /// Candidates looked at while a node is linked (efConstruction).
    pub ef_construction: usize,
    /// Whether every list is filled with links that the choice of links left out: building takes six times as
    /// long. Where hundreds of pictures look nearly the same, those chosen lead from one of them to another, and
    /// hardly ever out: of 400,000 vectors made from 3,000 photos, walks found 0.97 without, and 0.999 with it.
    pub fill_lists: bool,
    /// Seed of the layer draw.
    pub seed: u64,
    /// Share of the ten best that must be found, 0 to 1, for the graph to be used. What is measured when it
    /// was built must be more by a margin, 0.002 at 0.99, for it is known no more exactly.
    pub least_recall: f64,
}

/// Factor by which candidates grow when a graph with full lists finds too little.
const STRONGER: usize = 2;
/// Most work that is tried.
const MOST_EF_CONSTRUCTION: usize = 400;

impl GraphParameters {
    /// The same for so many rows: the more rows, the more work it takes to find as much.
    pub fn for_rows(self, rows: usize) -> Self {
        let growth = (rows as f64 / 100_000.0).max(1.0).powf(0.3);
        Self {
            ef_construction: (self.ef_construction as f64 * growth) as usize,
            ..self
        }
    }

    /// More work; `None` when that was most already.
    pub(crate) fn stronger(self) -> Option<Self> {
        if !self.fill_lists {
            return Some(Self {
                fill_lists: true,
                seed: self.seed.wrapping_add(1),
                ..self
            });
        }
        let ef_construction = self.ef_construction.max(1).saturating_mul(STRONGER);
        (ef_construction <= MOST_EF_CONSTRUCTION).then_some(Self {
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
            least_recall: 0.99,
        }
    }
}
