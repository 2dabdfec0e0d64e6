//! Queries in the forms that stored vectors are compared with.

use crate::dot;
use crate::error::IndexError;
use crate::quantise::{Axes, Quantised, unit};

/// Standard deviations of the coarse score's error that [`Query::doubt`] allows for.
const DOUBT: f32 = 6.0;

/// A query along the axes of every segment that is searched.
pub(crate) struct QueryForms {
    turned: Query,
    /// Made only where a segment needs it.
    original: Option<Query>,
}

impl QueryForms {
    pub(crate) fn new(
        vector: &[f32],
        dimensions: usize,
        axes: impl Iterator<Item = Axes>,
    ) -> Result<Self, IndexError> {
        if vector.len() != dimensions {
            return Err(IndexError::Dimensions {
                expected: dimensions,
                found: vector.len(),
            });
        }
        let unit = unit(vector)?;
        let mut axes = axes;
        let original = axes
            .any(|axes| axes == Axes::Original)
            .then(|| Query::along(Axes::Original, unit.clone()));
        Ok(Self {
            turned: Query::along(Axes::Turned, unit),
            original,
        })
    }

    /// The query along these axes, which were among those that it was made for.
    pub(crate) fn along(&self, axes: Axes) -> &Query {
        match (axes, &self.original) {
            (Axes::Original, Some(original)) => original,
            _ => &self.turned,
        }
    }

    /// How much the approximate score of a vector with a scale of at most `scale` may be off, along
    /// whichever axes.
    pub(crate) fn doubt(&self, scale: f32) -> f32 {
        let original = self.original.as_ref().map_or(0.0, |q| q.doubt(scale));
        self.turned.doubt(scale).max(original)
    }
}

/// A query in both precisions.
pub(crate) struct Query {
    coarse: Quantised,
    pub(crate) exact: Vec<f32>,
}

impl Query {
    fn along(axes: Axes, unit: Vec<f32>) -> Self {
        let (coarse, exact) = Quantised::along(axes, unit);
        Self { coarse, exact }
    }

    /// A query of any length but zero that is given by its components along axes.
    pub(crate) fn of_components(mut components: Vec<f32>, axes: Axes) -> Self {
        let length = components.iter().map(|x| x * x).sum::<f32>().sqrt();
        components.iter_mut().for_each(|x| *x /= length);
        Self {
            coarse: Quantised::of_components(&components, axes),
            exact: components,
        }
    }

    /// A query along turned axes.
    #[cfg(test)]
    pub(crate) fn new(vector: &[f32]) -> Result<Self, IndexError> {
        Ok(Self::along(Axes::Turned, unit(vector)?))
    }

    /// Cosine similarity from the coarse bytes, good to [`doubt`](Self::doubt).
    #[inline]
    pub(crate) fn approximate(&self, scale: f32, hi: &[i8]) -> f32 {
        self.coarse.scale * scale * dot::coarse(self.coarse.hi(), hi) as f32
    }

    /// Cosine similarity, in [-1, 1]. Its error has a standard deviation below 0.00001 for any vector,
    /// and a tenth of that for embeddings of hundreds of dimensions.
    pub(crate) fn score(&self, scale: f32, hi: &[i8], lo: &[i8]) -> f32 {
        let step = scale / dot::FINE_STEPS as f32;
        (step * dot::fine(&self.exact, hi, lo)).clamp(-1.0, 1.0)
    }

    /// How much the approximate score of a vector with a scale of at most `scale` may be off.
    ///
    /// Rounding moves each component by up to half a step, which is a standard deviation of
    /// `step / sqrt(12)`; both vectors have unit length, so the score moves by as much for each.
    pub(crate) fn doubt(&self, scale: f32) -> f32 {
        let variance = (self.coarse.scale.powi(2) + scale.powi(2)) / 12.0;
        DOUBT * variance.sqrt()
    }
}
