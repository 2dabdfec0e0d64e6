//! Embeddings as fixed-point numbers: a coarse byte for finding, a fine byte for ranking.
//!
//! A component `x` of a vector with largest component `m` is stored as `hi = round(x / s)` with
//! `s = m / 127`, and what rounding lost as `lo = round(254 * (x / s - hi))`. The coarse bytes alone
//! decide which rows are candidates; coarse and fine together, good to 1 part in 64,000 of `m`, rank
//! them. The scale is per vector, so rows move between segments without being quantised again.

use crate::dot::dot;
use crate::error::IndexError;

/// Steps of `lo` in one step of `hi`.
const FINE_STEPS: f32 = 254.0;

/// A unit-length embedding in fixed point.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantised {
    /// The value of one step of a coarse component.
    pub(crate) scale: f32,
    /// Coarse components, `[dimensions]`, -127..=127.
    pub(crate) hi: Box<[i8]>,
    /// Fine components in 1/254 of a coarse step, `[dimensions]`, -127..=127.
    pub(crate) lo: Box<[i8]>,
}

impl Quantised {
    /// Scales `vector` to unit length and quantises it.
    ///
    /// # Errors
    /// [`IndexError::NoDirection`] when it is all zero, empty or not finite.
    pub fn new(vector: &[f32]) -> Result<Self, IndexError> {
        let norm = vector
            .iter()
            .map(|&x| f64::from(x) * f64::from(x))
            .sum::<f64>()
            .sqrt();
        if !norm.is_normal() {
            return Err(IndexError::NoDirection);
        }
        let unit = vector.iter().map(|&x| (f64::from(x) / norm) as f32);
        let largest = unit.clone().fold(0.0f32, |m, x| m.max(x.abs()));
        let scale = largest / 127.0;
        let (hi, lo): (Vec<i8>, Vec<i8>) = unit
            .map(|x| {
                let steps = x / scale;
                let hi = steps.round();
                (hi as i8, (FINE_STEPS * (steps - hi)).round() as i8)
            })
            .unzip();
        Ok(Self {
            scale,
            hi: hi.into(),
            lo: lo.into(),
        })
    }

    /// Length of the vector.
    pub fn dimensions(&self) -> usize {
        self.hi.len()
    }

    /// The embedding as numbers again, `[dimensions]`.
    pub fn to_f32(&self) -> Vec<f32> {
        self.view().components().collect()
    }

    pub(crate) fn view(&self) -> QuantisedView<'_> {
        QuantisedView {
            scale: self.scale,
            hi: &self.hi,
            lo: &self.lo,
        }
    }
}

/// A stored embedding, borrowed from the bytes of its segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QuantisedView<'a> {
    pub(crate) scale: f32,
    pub(crate) hi: &'a [i8],
    pub(crate) lo: &'a [i8],
}

impl QuantisedView<'_> {
    fn components(&self) -> impl Iterator<Item = f32> {
        let scale = self.scale;
        self.hi
            .iter()
            .zip(self.lo)
            .map(move |(&hi, &lo)| scale * (f32::from(hi) + f32::from(lo) / FINE_STEPS))
    }

    pub(crate) fn to_owned(self) -> Quantised {
        Quantised {
            scale: self.scale,
            hi: self.hi.into(),
            lo: self.lo.into(),
        }
    }
}

/// A query in both precisions.
pub(crate) struct Query {
    coarse: Quantised,
    exact: Vec<f32>,
}

impl Query {
    pub(crate) fn new(vector: &[f32], dimensions: usize) -> Result<Self, IndexError> {
        if vector.len() != dimensions {
            return Err(IndexError::Dimensions {
                expected: dimensions,
                found: vector.len(),
            });
        }
        let coarse = Quantised::new(vector)?;
        let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        let exact = vector.iter().map(|x| x / norm).collect();
        Ok(Self { coarse, exact })
    }

    /// Cosine similarity from the coarse bytes, good to about 0.01.
    #[inline]
    pub(crate) fn approximate(&self, scale: f32, hi: &[i8]) -> f32 {
        self.coarse.scale * scale * dot(&self.coarse.hi, hi) as f32
    }

    /// Cosine similarity to within 0.00002, in [-1, 1].
    pub(crate) fn score(&self, stored: QuantisedView<'_>) -> f32 {
        // Eight running sums, so that the additions need not wait for each other.
        let mut sums = [0.0f32; 8];
        let chunks = self.exact.chunks_exact(8);
        let tail = chunks.remainder();
        let whole = self.exact.len() - tail.len();
        for ((q, hi), lo) in chunks
            .zip(stored.hi.chunks_exact(8))
            .zip(stored.lo.chunks_exact(8))
        {
            for lane in 0..8 {
                sums[lane] += q[lane] * (f32::from(hi[lane]) + f32::from(lo[lane]) / FINE_STEPS);
            }
        }
        let rest: f32 = tail
            .iter()
            .zip(&stored.hi[whole..])
            .zip(&stored.lo[whole..])
            .map(|((q, &hi), &lo)| q * (f32::from(hi) + f32::from(lo) / FINE_STEPS))
            .sum();
        (stored.scale * (sums.iter().sum::<f32>() + rest)).clamp(-1.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn vector() -> impl Strategy<Value = Vec<f32>> {
        proptest::collection::vec(-1.0f32..1.0, 1..300)
            .prop_filter("has a direction", |v| v.iter().any(|x| x.abs() > 1e-3))
    }

    proptest! {
        #[test]
        fn keeps_sixteen_bits_of_every_component(v in vector()) {
            let norm = v.iter().map(|x| x * x).sum::<f32>().sqrt();
            let stored = Quantised::new(&v).unwrap();
            let step = stored.scale / FINE_STEPS;
            for (x, y) in v.iter().zip(stored.to_f32()) {
                prop_assert!((x / norm - y).abs() <= 0.51 * step + 1e-6);
            }
        }

        #[test]
        fn scores_are_cosines(v in vector(), seed in any::<u64>()) {
            let w: Vec<f32> = v.iter().enumerate().map(|(i, x)| x + ((seed >> (i % 60)) & 3) as f32 - 1.5).collect();
            prop_assume!(w.iter().any(|x| x.abs() > 1e-3));
            let exact = cosine(&v, &w);
            let query = Query::new(&v, v.len()).unwrap();
            let stored = Quantised::new(&w).unwrap();
            prop_assert!((f64::from(query.score(stored.view())) - exact).abs() < 2e-5);
            prop_assert!((f64::from(query.approximate(stored.scale, &stored.hi)) - exact).abs() < 0.02);
        }
    }

    fn cosine(v: &[f32], w: &[f32]) -> f64 {
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
        };
        dot(v, w) / (dot(v, v) * dot(w, w)).sqrt()
    }

    #[test]
    fn refuses_vectors_without_direction() {
        for bad in [vec![], vec![0.0; 4], vec![f32::NAN, 1.0], vec![f32::INFINITY, 1.0]] {
            assert_eq!(Quantised::new(&bad), Err(IndexError::NoDirection), "{bad:?}");
        }
    }
}
