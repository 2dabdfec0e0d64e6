//! Embeddings as fixed-point numbers: a coarse byte for finding, a fine byte for ranking.
//!
//! A component `x` of a vector with largest component `m` is stored as `hi = round(x / s)` with
//! `s = m / 127`, and what rounding lost as `lo = round(254 * (x / s - hi))`. The coarse bytes alone
//! decide which rows are candidates; coarse and fine together, good to 1 part in 64,000 of `m`, rank
//! them. The scale is per vector, so rows move between segments without being quantised again.
//!
//! Before that the vector is turned, see [`turn`](crate::turn), so that `m` is small. Segments of
//! version 1 hold vectors as they came.

use bytes::Bytes;

use crate::dot;
use crate::error::IndexError;
use crate::turn::{turn, turn_back};

/// A unit-length embedding in fixed point.
///
/// Cloning is cheap, and one that was read from a segment shares the segment's bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantised {
    /// The value of one step of a coarse component.
    pub(crate) scale: f32,
    /// Coarse components as bytes of `i8`, `[dimensions]`.
    hi: Bytes,
    /// Fine components in 1/254 of a coarse step, as bytes of `i8`, `[dimensions]`.
    lo: Bytes,
    axes: Axes,
}

/// What the components of a vector are measured along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Axes {
    /// Those of the encoder, as in segments of version 1.
    Original,
    /// Those of a turned vector.
    Turned,
}

impl Quantised {
    /// Scales `vector` to unit length and quantises it.
    ///
    /// # Errors
    /// [`IndexError::NoDirection`] when it is all zero, empty or not finite.
    pub fn new(vector: &[f32]) -> Result<Self, IndexError> {
        Ok(Self::along(Axes::Turned, unit(vector)?).0)
    }

    /// A vector of unit length along axes, and its components along them.
    pub(crate) fn along(axes: Axes, mut unit: Vec<f32>) -> (Self, Vec<f32>) {
        if axes == Axes::Turned {
            turn(&mut unit);
        }
        (Self::of_components(&unit, axes), unit)
    }

    pub(crate) fn of_components(unit: &[f32], axes: Axes) -> Self {
        let largest = unit.iter().fold(0.0f32, |m, x| m.max(x.abs()));
        let scale = largest / 127.0;
        let (hi, lo): (Vec<u8>, Vec<u8>) = unit
            .iter()
            .map(|x| {
                let steps = x / scale;
                let hi = rounded(steps);
                let lo = rounded(dot::FINE_STEPS as f32 * (steps - hi));
                ((hi as i8).cast_unsigned(), (lo as i8).cast_unsigned())
            })
            .unzip();
        Self {
            scale,
            hi: hi.into(),
            lo: lo.into(),
            axes,
        }
    }

    /// An embedding as it lies in a segment.
    pub(crate) fn stored(scale: f32, hi: Bytes, lo: Bytes, axes: Axes) -> Self {
        Self {
            scale,
            hi,
            lo,
            axes,
        }
    }

    /// The same vector along turned axes; `None` when it is along those already.
    pub(crate) fn turned(&self) -> Option<Self> {
        let mut components = (self.axes == Axes::Original).then(|| self.components())?;
        turn(&mut components);
        Some(Self::of_components(&components, Axes::Turned))
    }

    /// Length of the vector.
    pub fn dimensions(&self) -> usize {
        self.hi.len()
    }

    /// The embedding as numbers again, `[dimensions]`.
    pub fn to_f32(&self) -> Vec<f32> {
        let mut components = self.components();
        if self.axes == Axes::Turned {
            turn_back(&mut components);
        }
        components
    }

    /// The components along its own axes, `[dimensions]`.
    pub(crate) fn components(&self) -> Vec<f32> {
        let step = self.scale / dot::FINE_STEPS as f32;
        self.hi()
            .iter()
            .zip(self.lo())
            .map(|(&hi, &lo)| step * dot::fixed(hi, lo))
            .collect()
    }

    /// The coarse components as they are with steps of `scale`; those that do not fit are the largest
    /// that do.
    pub(crate) fn coarse_at(&self, scale: f32) -> impl Iterator<Item = i8> + '_ {
        let steps = self.scale / (scale * dot::FINE_STEPS as f32);
        let components = self.hi().iter().zip(self.lo());
        components.map(move |(&hi, &lo)| {
            let component = (steps * dot::fixed(hi, lo)).round();
            component.clamp(-127.0, 127.0) as i8
        })
    }

    pub(crate) fn hi(&self) -> &[i8] {
        bytemuck::cast_slice(&self.hi)
    }

    pub(crate) fn lo(&self) -> &[i8] {
        bytemuck::cast_slice(&self.lo)
    }
}

/// `x.round()` of numbers that fit into an `i32`, for which the compiler has an instruction on every machine:
/// the other is a call for each component.
fn rounded(x: f32) -> f32 {
    let whole = x as i32 as f32;
    let rest = x - whole;
    whole + f32::from(rest >= 0.5) - f32::from(rest <= -0.5)
}

/// `vector` at unit length. The length is computed in double precision, in which the square of no
/// finite component overflows or vanishes.
pub(crate) fn unit(vector: &[f32]) -> Result<Vec<f32>, IndexError> {
    let norm = vector
        .iter()
        .map(|&x| f64::from(x) * f64::from(x))
        .sum::<f64>()
        .sqrt();
    if !norm.is_normal() {
        return Err(IndexError::NoDirection);
    }
    let components = vector.iter().map(|&x| (f64::from(x) / norm) as f32);
    Ok(components.collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rounding_is_that_of_the_standard_library() {
        let near = |x: f32| [x.next_down(), x, x.next_up()];
        let steps = (-600..=600).map(|half| half as f32 / 2.0);
        for x in steps.flat_map(near).chain([1e-30, -1e-30, 126.999_99]) {
            assert_eq!(rounded(x), x.round(), "{x}");
        }
    }
    use crate::query::{Query, QueryForms};

    fn vector() -> impl Strategy<Value = Vec<f32>> {
        proptest::collection::vec(-1.0f32..1.0, 1..300)
            .prop_filter("has a direction", |v| v.iter().any(|x| x.abs() > 1e-3))
    }

    proptest! {
        #[test]
        fn keeps_sixteen_bits_of_every_component(v in vector()) {
            let norm = v.iter().map(|x| x * x).sum::<f32>().sqrt();
            let stored = Quantised::new(&v).unwrap();
            let step = stored.scale / 254.0;
            let mut turned: Vec<f32> = v.iter().map(|x| x / norm).collect();
            turn(&mut turned);
            for (x, y) in turned.iter().zip(stored.components()) {
                prop_assert!((x - y).abs() <= 0.51 * step + 1e-6);
            }
            let off: f32 = v.iter().zip(stored.to_f32()).map(|(x, y)| (x / norm - y).powi(2)).sum();
            prop_assert!(off.sqrt() <= (0.51 * step + 1e-6) * (v.len() as f32).sqrt() + 1e-6);
        }

        /// As when a base of an older version is rebuilt.
        #[test]
        fn original_axes_become_turned_ones(v in vector(), w in vector()) {
            let unit = unit(&v).unwrap();
            let original = Quantised::of_components(&unit, Axes::Original);
            let turned = original.turned().unwrap();
            prop_assert!(turned.turned().is_none());
            let least = original.scale / 100.0 + 1e-6;
            for (x, y) in unit.iter().zip(turned.to_f32()) {
                prop_assert!((x - y).abs() < least * (v.len() as f32).sqrt());
            }
            let w = &w[..w.len().min(v.len())];
            prop_assume!(w.len() == v.len() && w.iter().any(|x| x.abs() > 1e-3));
            let forms = QueryForms::new(w, v.len(), [Axes::Turned, Axes::Original].into_iter()).unwrap();
            let score = |q: &Quantised| forms.along(q.axes).score(q.scale, q.hi(), q.lo());
            prop_assert!((score(&original) - score(&turned)).abs() < 1e-3);
        }

        #[test]
        fn scores_are_cosines(v in vector(), seed in any::<u64>()) {
            let w: Vec<f32> = v.iter().enumerate().map(|(i, x)| x + ((seed >> (i % 60)) & 3) as f32 - 1.5).collect();
            prop_assume!(w.iter().any(|x| x.abs() > 1e-3));
            let exact = cosine(&v, &w);
            let query = Query::new(&v).unwrap();
            let stored = Quantised::new(&w).unwrap();
            let score = query.score(stored.scale, stored.hi(), stored.lo());
            let coarse = query.approximate(stored.scale, stored.hi());
            // Half a fine step in every component, all in the same direction.
            let worst = query.exact.iter().map(|q| q.abs()).sum::<f32>() * stored.scale / 508.0;
            prop_assert!((f64::from(score) - exact).abs() < f64::from(worst) + 2e-6);
            prop_assert!((f64::from(coarse) - exact).abs() < f64::from(query.doubt(stored.scale)));
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
            let stored = Quantised::new(&v).unwrap();
            let query = Query::new(&v).unwrap();
            assert_eq!(stored, Quantised::new(&[3.0, -4.0]).unwrap(), "{factor}");
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
                Quantised::new(&bad),
                Err(IndexError::NoDirection),
                "{bad:?}"
            );
        }
    }
}
