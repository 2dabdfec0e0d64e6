#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;
use crate::quantization::{Query, QueryForms};

#[test]
fn rounding_is_that_of_the_standard_library() {
    let near = |x: f32| [x.next_down(), x, x.next_up()];
    let steps = (-600..=600).map(|half| half as f32 / 2.0);
    for x in steps.flat_map(near).chain([1e-30, -1e-30, 126.999_99]) {
        assert_eq!(rounded(x), x.round(), "{x}");
    }
}

fn vector() -> impl Strategy<Value = Vec<f32>> {
    proptest::collection::vec(-1.0f32..1.0, 1..300)
        .prop_filter("has a direction", |v| v.iter().any(|x| x.abs() > 1e-3))
}

proptest! {
    #[test]
    fn keeps_sixteen_bits_of_every_component(v in vector()) {
        let norm = v.iter().map(|x| x * x).sum::<f32>().sqrt();
        let stored = QuantizedVector::new(&v).unwrap();
        let step = stored.scale / 254.0;
        let mut rotated: Vec<f32> = v.iter().map(|x| x / norm).collect();
        rotate(&mut rotated);
        for (x, y) in rotated.iter().zip(stored.components()) {
            prop_assert!((x - y).abs() <= 0.51 * step + 1e-6);
        }
        let off: f32 = v.iter().zip(stored.to_f32()).map(|(x, y)| (x / norm - y).powi(2)).sum();
        prop_assert!(off.sqrt() <= (0.51 * step + 1e-6) * (v.len() as f32).sqrt() + 1e-6);
    }

    #[test]
    fn bytes_hold_the_vector(v in vector(), place in any::<proptest::sample::Index>()) {
        let stored = QuantizedVector::new(&v).unwrap();
        let bytes = stored.to_bytes();
        prop_assert_eq!(QuantizedVector::from_bytes(&bytes, v.len()), Some(stored));
        prop_assert_eq!(QuantizedVector::from_bytes(&bytes, v.len() + 1), None);
        prop_assert_eq!(QuantizedVector::from_bytes(&bytes[..place.index(bytes.len())], v.len()), None);
        let original = QuantizedVector::of_components(&unit(&v).unwrap(), Basis::Original);
        let rotated = original.rotated();
        prop_assert_eq!(QuantizedVector::from_bytes(&original.to_bytes(), v.len()), rotated);
        for scale in [f32::NAN, 0.0, -0.001, f32::INFINITY, 1.0] {
            let bytes = [&scale.to_le_bytes()[..], &bytes[4..]].concat();
            prop_assert_eq!(QuantizedVector::from_bytes(&bytes, v.len()), None);
        }
    }

    /// This happens when a base of an older version is rebuilt.
    #[test]
    fn the_original_basis_becomes_the_rotated_one(v in vector(), w in vector()) {
        let unit = unit(&v).unwrap();
        let original = QuantizedVector::of_components(&unit, Basis::Original);
        let rotated = original.rotated().unwrap();
        prop_assert!(rotated.rotated().is_none());
        let least = original.scale / 100.0 + 1e-6;
        for (x, y) in unit.iter().zip(rotated.to_f32()) {
            prop_assert!((x - y).abs() < least * (v.len() as f32).sqrt());
        }
        let w = &w[..w.len().min(v.len())];
        prop_assume!(w.len() == v.len() && w.iter().any(|x| x.abs() > 1e-3));
        let forms = QueryForms::new(w, v.len(), [Basis::Rotated, Basis::Original].into_iter()).unwrap();
        let score = |q: &QuantizedVector| forms.in_basis(q.basis).score(q.scale, q.hi(), q.lo());
        prop_assert!((score(&original) - score(&rotated)).abs() < 1e-3);
    }

    #[test]
    fn scores_are_cosines(v in vector(), seed in any::<u64>()) {
        let w: Vec<f32> = v.iter().enumerate().map(|(i, x)| x + ((seed >> (i % 60)) & 3) as f32 - 1.5).collect();
        prop_assume!(w.iter().any(|x| x.abs() > 1e-3));
        let exact = cosine(&v, &w);
        let query = Query::new(&v).unwrap();
        let stored = QuantizedVector::new(&w).unwrap();
        let score = query.score(stored.scale, stored.hi(), stored.lo());
        let coarse = query.approximate(stored.scale, stored.hi());
        // Half a fine step in every component, all in the same direction.
        let worst = query.exact.iter().map(|q| q.abs()).sum::<f32>() * stored.scale / 508.0;
        prop_assert!((f64::from(score) - exact).abs() < f64::from(worst) + 2e-6);
        prop_assert!((f64::from(coarse) - exact).abs() < f64::from(query.error_bound(stored.scale)));
    }
}

fn cosine(v: &[f32], w: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(x, y)| f64::from(*x) * f64::from(*y))
            .sum()
    };
    dot(v, w) / (dot(v, v) * dot(w, w)).sqrt()
}

#[test]
fn length_does_not_matter_however_small_or_large() {
    // Powers of two, so that the components keep their ratio exactly.
    for exponent in [-149, -126, -60, 0, 60, 125] {
        let factor = 2.0f64.powi(exponent) as f32;
        let v = [3.0 * factor, -4.0 * factor];
        let stored = QuantizedVector::new(&v).unwrap();
        let query = Query::new(&v).unwrap();
        assert_eq!(
            stored,
            QuantizedVector::new(&[3.0, -4.0]).unwrap(),
            "{factor}"
        );
        let score = query.score(stored.scale, stored.hi(), stored.lo());
        assert!((score - 1.0).abs() < 2e-5, "{factor}: {score}");
    }
}

#[test]
fn refuses_vectors_without_direction() {
    for bad in [
        vec![],
        vec![0.0; 4],
        vec![f32::NAN, 1.0],
        vec![f32::INFINITY, 1.0],
    ] {
        assert_eq!(
            QuantizedVector::new(&bad),
            Err(IndexError::NoDirection),
            "{bad:?}"
        );
    }
}
