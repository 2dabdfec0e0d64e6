//! Reading the rows near to query vectors: every slot is asked at once.

use futures::{StreamExt, TryStreamExt, stream};
use lookalike_core::ports::{Measurement, Unit};
use lookalike_core::vector_base::{FoundRows, MAX_FOUND, SlotQuery};
use lookalike_index::{Cover, Filter, Row};

use super::reach::Reach;
use crate::error::SearchError;
use crate::searcher::Searcher;
use crate::snapshots::LoadedSnapshot;
use crate::vector_math::unit;
use crate::vectors::QueryVector;

/// Maximum number of searches of the engine for one request. Of a product with many images, so many are searched for as
/// this allows; the filter is narrowed down as far as it allows.
const MAX_SEARCHES: usize = 256;
/// Number of searches of the engine at the same time.
const PARALLEL_SEARCHES: usize = 32;

impl Searcher {
    /// Returns the rows of the vector base that are nearest to the query vectors; none if the index has no vector base.
    ///
    /// # Errors
    /// [`SearchError`] if the engine fails.
    pub(crate) async fn nearest(
        &self,
        loaded: &LoadedSnapshot,
        wanted: &[QueryVector],
        filter: Option<&Filter>,
    ) -> Result<(Vec<Row>, Reach), SearchError> {
        let (Some(base), Some(entry)) = (loaded.base_address(), loaded.manifest.serving_base())
        else {
            return Ok((Vec::new(), Reach::default()));
        };
        let slots = 0..entry.layout.slots;
        let budget = MAX_SEARCHES / slots.len().max(1);
        let vectors: Vec<Vec<f32>> = (wanted.iter().take(budget.max(1)))
            .filter_map(|one| unit(one.vector.clone()))
            .collect();
        let cover = Cover::new(filter, entry, budget / vectors.len().max(1));
        let queries: Vec<SlotQuery<'_>> = (vectors.iter())
            .flat_map(|vector| {
                let conjunctions = cover.conjunctions.iter();
                conjunctions.map(move |terms| (&vector[..], &terms[..]))
            })
            .flat_map(|(vector, terms)| {
                slots.clone().map(move |slot| SlotQuery {
                    slot,
                    vector,
                    terms,
                    top: MAX_FOUND,
                })
            })
            .collect();
        let engine = &self.ports.vector_base;
        let count = queries.len();
        let searches = queries.into_iter().map(|query| engine.search(&base, query));
        let searches: Vec<_> = searches.collect();
        let found: Result<Vec<FoundRows>, _> = stream::iter(searches)
            .buffered(PARALLEL_SEARCHES)
            .try_collect()
            .await;
        let found = found.map_err(|error| self.engine_error(error))?;
        let mut rows = Vec::new();
        let mut reach = Reach {
            floor: None,
            unnarrowed: cover.unnarrowed,
            is_partial: vectors.len() < wanted.len(),
        };
        let mut examined = 0;
        for slot in found {
            examined += slot.examined_bytes;
            rows.extend(slot.rows);
            if let Some(floor) = slot.floor {
                reach.floor = Some(reach.floor.map_or(floor, |highest| highest.max(floor)));
            }
        }
        self.ports.metrics.emit(&[
            Measurement::count("VectorBaseSearches", count as f64),
            Measurement {
                name: "VectorBaseExamined",
                unit: Unit::Bytes,
                value: examined as f64,
            },
        ]);
        Ok((rows, reach))
    }
}
