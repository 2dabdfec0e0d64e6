//! Queries in the forms with which stored vectors are compared.

use super::vector::{Basis, QuantizedVector, unit};
use crate::dot;
use crate::error::IndexError;

/// Number of standard deviations of the coarse score's error that [`Query::error_bound`] allows
/// for.
const ERROR_BOUND_DEVIATIONS: f32 = 6.0;

/// A query in the basis of every segment that is searched.
pub(crate) struct QueryForms {
    rotated: Query,
    /// The query in the original basis; `None` unless a segment needs it.
    original: Option<Query>,
}

impl QueryForms {
    /// Prepares a query for segments with these bases.
    ///
    /// # Errors
    /// [`IndexError::Dimensions`] or [`IndexError::NoDirection`].
    pub(crate) fn new(
        vector: &[f32],
        dimensions: usize,
        mut bases: impl Iterator<Item = Basis>,
    ) -> Result<Self, IndexError> {
        if vector.len() != dimensions {
            return Err(IndexError::Dimensions {
                expected: dimensions,
                found: vector.len(),
            });
        }
        let unit = unit(vector)?;
        let original = bases
            .any(|basis| basis == Basis::Original)
            .then(|| Query::in_basis(Basis::Original, unit.clone()));
        Ok(Self {
            rotated: Query::in_basis(Basis::Rotated, unit),
            original,
        })
    }

    /// Returns the query in a basis, which must be one that it was prepared for.
    pub(crate) fn in_basis(&self, basis: Basis) -> &Query {
        match (basis, &self.original) {
            (Basis::Original, Some(original)) => original,
            _ => &self.rotated,
        }
    }

    /// Returns the maximum error of the approximate score of a vector with a scale of at most
    /// `scale`, in any basis.
    pub(crate) fn error_bound(&self, scale: f32) -> f32 {
        let original = self.original.as_ref().map_or(0.0, |q| q.error_bound(scale));
        self.rotated.error_bound(scale).max(original)
    }
}

/// A query in both precisions.
pub(crate) struct Query {
    coarse: QuantizedVector,
    pub(crate) exact: Vec<f32>,
}

impl Query {
    fn in_basis(basis: Basis, unit: Vec<f32>) -> Self {
        let (coarse, exact) = QuantizedVector::in_basis(basis, unit);
        Self { coarse, exact }
    }

    /// Makes a query from components in a basis, of any length except zero.
    pub(crate) fn of_components(mut components: Vec<f32>, basis: Basis) -> Self {
        let length = components.iter().map(|x| x * x).sum::<f32>().sqrt();
        components.iter_mut().for_each(|x| *x /= length);
        Self {
            coarse: QuantizedVector::of_components(&components, basis),
            exact: components,
        }
    }

    /// Makes a query in the rotated basis.
    #[cfg(test)]
    pub(crate) fn new(vector: &[f32]) -> Result<Self, IndexError> {
        Ok(Self::in_basis(Basis::Rotated, unit(vector)?))
    }

    /// Computes the cosine similarity from the coarse bytes, with an error of at most
    /// [`error_bound`](Self::error_bound).
    #[inline]
    pub(crate) fn approximate(&self, scale: f32, hi: &[i8]) -> f32 {
        self.coarse.scale * scale * dot::coarse(self.coarse.hi(), hi) as f32
    }

    /// Computes the cosine similarity, in [-1, 1]. Its error has a standard deviation below 0.00001 for any vector,
    /// and a tenth of that for embeddings of hundreds of dimensions.
    pub(crate) fn score(&self, scale: f32, hi: &[i8], lo: &[i8]) -> f32 {
        let step = scale / dot::FINE_STEPS as f32;
        (step * dot::fine(&self.exact, hi, lo)).clamp(-1.0, 1.0)
    }

    /// Returns the maximum error of the approximate score of a vector with a scale of at most
    /// `scale`.
    ///
    /// Rounding moves each component by up to half a step, with a standard deviation of `step /
    /// sqrt(12)`; both vectors have unit length, so each of them moves the score by as much.
    pub(crate) fn error_bound(&self, scale: f32) -> f32 {
        let variance = (self.coarse.scale.powi(2) + scale.powi(2)) / 12.0;
        ERROR_BOUND_DEVIATIONS * variance.sqrt()
    }
}
