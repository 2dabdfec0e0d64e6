//! The rows of a vector base that a batch touches, read and joined with the deltas: a writer sees them as it sees the
//! rows of a base segment, and needs memory for no others.

use std::collections::BTreeSet;
use std::sync::Arc;

use lookalike_core::vector_base::BaseAddress;
use lookalike_index::{IndexError, Row, Segment};

use crate::current::{Current, ReadIndexes};
use crate::error::IndexingError;
use crate::index_reader::IndexReader;

/// The rows that a batch touches.
#[derive(Clone, Copy)]
pub(crate) enum Touched<'a> {
    /// Those of these image keys.
    Keys(&'a BTreeSet<String>),
    /// Those of these products.
    Products(&'a BTreeSet<String>),
}

impl IndexReader {
    /// Adds the touched rows of its vector base to every index that has one.
    pub(crate) async fn touching(
        &self,
        mut read: ReadIndexes,
        touched: Touched<'_>,
    ) -> ReadIndexes {
        for (_, index) in &mut read.indexes {
            let Ok(current) = index else { continue };
            if current.manifest.serving_base().is_some() {
                *index = self.with_touched(current, touched).await;
            }
        }
        read
    }

    /// Adds the touched rows of the vector base to an index, if it has one.
    pub(crate) async fn with_touched(
        &self,
        current: &Arc<Current>,
        touched: Touched<'_>,
    ) -> Result<Arc<Current>, IndexingError> {
        let Some(base) = BaseAddress::of_serving(&current.manifest) else {
            return Ok(Arc::clone(current));
        };
        let rows = match touched {
            Touched::Keys(keys) => {
                let keys: Vec<String> = keys.iter().cloned().collect();
                let states = self.vector_base.get(&base, &keys).await?;
                states.into_values().filter_map(|state| state.row).collect()
            }
            Touched::Products(products) => {
                let products: Vec<String> = products.iter().cloned().collect();
                self.vector_base.of_products(&base, &products).await?
            }
        };
        Ok(Arc::new(current.with_rows(rows)?))
    }
}

impl Current {
    /// Leaves out all rows but those of the vector base.
    pub(super) fn found_alone(self) -> Self {
        Self {
            view: Arc::new(self.view.last_alone()),
            ..self
        }
    }

    /// Adds rows of the vector base.
    pub(crate) fn with_rows(&self, rows: Vec<Row>) -> Result<Self, IndexError> {
        let (fingerprint, dimensions) = (self.manifest.fingerprint, self.manifest.dimensions);
        let found = Segment::of_found(rows, fingerprint, dimensions)?;
        Ok(Self {
            manifest: self.manifest.clone(),
            view: Arc::new(self.view.with_found(Arc::clone(found.meta()))),
            found: Some(found),
        })
    }
}
