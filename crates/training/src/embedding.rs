//! Embeddings of pooled features.

use lookalike_encoder::ProjectionHead;
use rayon::prelude::*;

use crate::features::Features;

/// Returns the embeddings of the plain images with a head, `[rows, dimensions]`; without one, the
/// network's own pooled features at unit length.
pub fn embed(features: &Features, head: Option<&ProjectionHead>) -> (Vec<f32>, usize) {
    let rows = features.plain().par_chunks_exact(features.dimensions);
    let pooled = features.pooled();
    match head {
        Some(head) => (
            rows.flat_map_iter(|row| head.apply(row)).collect(),
            head.dimensions(),
        ),
        None => (
            rows.flat_map_iter(|row| unit(&row[..pooled])).collect(),
            pooled,
        ),
    }
}

/// Returns a row at unit length; zeros stay.
pub(crate) fn unit(row: &[f32]) -> Vec<f32> {
    let squares: f64 = row.iter().map(|&x| f64::from(x).powi(2)).sum();
    let length = squares.sqrt().max(1e-12);
    row.iter()
        .map(|&x| (f64::from(x) / length) as f32)
        .collect()
}
