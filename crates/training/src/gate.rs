//! Fitting of the gate that lets the trained part speak only about images like those of training.

use lookalike_encoder::{Gate, Part};
use rayon::prelude::*;

use crate::lda::Lda;
use crate::targets::Targets;

/// Share of the scatter that counts as equal in all directions.
const SHRINKAGE: f64 = 0.2;
/// Argument of the logistic function for the median training image: open to 98 %.
const MEDIAN_LOGIT: f64 = 4.0;

/// Fits a gate that tells the rows of training from those of other goods by the direction of a
/// part, with a linear discriminant analysis of the two. It is half open at the `quantile` of the
/// training rows, not halfway between both: goods that are in neither must find it closed. Rows
/// have `dimensions` features each. `None` if both look the same.
pub(crate) fn fit(
    part: &Part,
    training: &[f32],
    others: &[&[f32]],
    dimensions: usize,
    quantile: f64,
) -> Option<Gate> {
    let directions = |rows: &[f32]| -> Vec<f32> {
        let rows = rows.par_chunks_exact(dimensions);
        rows.flat_map_iter(|row| part.direction(row)).collect()
    };
    let size = part.dimensions();
    let mut rows = directions(training);
    let trained = rows.len() / size;
    others
        .iter()
        .for_each(|other| rows.extend(directions(other)));
    let images = 0..rows.len() / size;
    let targets = Targets {
        labels: images
            .clone()
            .map(|row| u32::from(row >= trained))
            .collect(),
        images: images.collect(),
    };
    let lda = Lda::of(&rows, &targets, &vec![1.0; size], SHRINKAGE, 1)?;
    let apart = lda.classes.column(0) - lda.classes.column(1);
    let weights = &lda.directions * apart;
    let mut logits: Vec<f64> = rows[..trained * size]
        .chunks_exact(size)
        .map(|row| {
            let products = row.iter().zip(weights.iter());
            products.map(|(x, weight)| f64::from(*x) * weight).sum()
        })
        .collect();
    logits.sort_by(f64::total_cmp);
    let at = |share: f64| logits[((trained - 1) as f64 * share) as usize];
    let (half_open, median) = (at(quantile), at(0.5));
    // Rows that are all alike give no distance to divide by.
    let slope = MEDIAN_LOGIT / (median - half_open).max(f64::from(f32::EPSILON));
    Some(Gate {
        weights: weights
            .iter()
            .map(|weight| (weight * slope) as f32)
            .collect(),
        bias: (-half_open * slope) as f32,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use lookalike_encoder::PartKind;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// Makes rows around an angle in the plane, in degrees, and at any distance.
    fn rows(angle: f32, rng: &mut StdRng) -> Vec<f32> {
        let row = |_| {
            let angle = (angle + rng.random_range(-20.0..20.0)).to_radians();
            let length = rng.random_range(1.0_f32..9.0);
            [angle.cos() * length, angle.sin() * length]
        };
        (0..200).flat_map(row).collect()
    }

    #[test]
    fn it_is_open_for_what_was_trained_and_closed_for_what_was_never_seen() {
        let part = Part {
            weights: vec![1.0, 0.0, 0.0, 1.0],
            bias: vec![0.0; 2],
            kind: PartKind::Direction,
            share: 1.0,
        };
        let mut rng = StdRng::seed_from_u64(3);
        let (own, other, unseen) = (
            rows(0.0, &mut rng),
            rows(120.0, &mut rng),
            rows(200.0, &mut rng),
        );
        let gate = fit(&part, &own, &[&other], 2, 0.05).unwrap();
        let open = |rows: &[f32]| -> Vec<f32> {
            let mut open: Vec<f32> = rows
                .chunks_exact(2)
                .map(|row| gate.open(&part.direction(row)))
                .collect();
            open.sort_by(f32::total_cmp);
            open
        };
        let own = open(&own);
        assert!(
            own[9] <= 0.51 && own[11] >= 0.49 && own[100] > 0.97,
            "{own:?}"
        );
        for closed in [open(&other), open(&unseen)] {
            assert!(closed[199] < 0.01, "{closed:?}");
        }
    }

    #[test]
    fn equal_rows_have_no_gate() {
        let part = Part {
            weights: vec![1.0],
            bias: vec![0.0],
            kind: PartKind::Direction,
            share: 1.0,
        };
        assert_eq!(fit(&part, &[2.0; 5], &[&[3.0; 4]], 1, 0.05), None);
    }
}
