//! The recall of a vector base: which of the nearest images its searches find.

use std::collections::BTreeMap;

use lookalike_core::vector_base::{BaseAddress, SlotQuery, VectorBase};
use lookalike_index::{GroupBy, Row, SearchRequest, Segment, Snapshot};

use crate::error::IndexingError;

/// Number of rows that are searched for.
const SAMPLE: u32 = 100;
/// Number of nearest images that are compared.
const NEAREST: usize = 10;
/// Difference of two scores of the same row, by the sums of an engine and of ours.
const ROUNDING: f32 = 1e-4;

/// Returns the share of the ten nearest images, over a sample of a base segment's rows, that searches of a vector base
/// find; 1 without rows.
///
/// # Errors
/// [`IndexingError`] if the engine fails or the segment is damaged.
pub(super) async fn recall(
    engine: &dyn VectorBase,
    address: &BaseAddress,
    base: Segment,
) -> Result<f64, IndexingError> {
    let search = move || expected(base);
    let expected = tokio::task::spawn_blocking(search).await??;
    let (mut found, mut all) = (0, 0);
    for Expected { vector, scores } in &expected {
        let mut rows = BTreeMap::new();
        for slot in 0..address.layout.slots {
            let query = SlotQuery {
                slot,
                vector,
                terms: &[],
                top: NEAREST,
            };
            let of_slot = engine.search(address, query).await?;
            rows.extend(of_slot.rows.into_iter().map(|row| (row.key.clone(), row)));
        }
        // Of images that are the same, each may find others.
        let least = scores.last().map_or(1.0, |last| last - ROUNDING);
        let score = |row: &Row| {
            let products = row.embedding.to_f32().into_iter().zip(vector);
            products.map(|(a, b)| a * b).sum::<f32>()
        };
        let near = rows.values().filter(|row| score(row) >= least);
        all += scores.len();
        found += near.count().min(scores.len());
    }
    Ok(match all {
        0 => 1.0,
        _ => found as f64 / all as f64,
    })
}

/// A vector, and the scores of the images that a search of the segment finds for it, best first.
struct Expected {
    vector: Vec<f32>,
    scores: Vec<f32>,
}

/// Searches a segment for a sample of its vectors.
fn expected(base: Segment) -> Result<Vec<Expected>, IndexingError> {
    let rows = base.meta().rows();
    let step = rows.div_ceil(SAMPLE).max(1);
    let sample = (0..rows).step_by(step as usize);
    let vectors: Vec<Vec<f32>> = sample.map(|row| base.row(row).embedding.to_f32()).collect();
    let dimensions = vectors.first().map_or(0, Vec::len);
    let snapshot = match vectors.is_empty() {
        true => return Ok(Vec::new()),
        false => Snapshot::new(vec![base], dimensions)?,
    };
    let mut expected = Vec::with_capacity(vectors.len());
    for vector in vectors {
        let request = SearchRequest {
            group_by: GroupBy::Image,
            ..SearchRequest::new(&vector, NEAREST)
        };
        let hits = snapshot.search(request)?.hits;
        let scores = hits.into_iter().map(|hit| hit.score).collect();
        expected.push(Expected { vector, scores });
    }
    Ok(expected)
}
