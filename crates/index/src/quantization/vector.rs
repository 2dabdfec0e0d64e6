//! Embeddings as fixed-point numbers: a coarse byte to find rows, a fine byte to rank them.
//!
//! A component `x` of a vector with largest component `m` is stored as `hi = round(x / s)` with
//! `s = m / 127`, and the rounding error as `lo = round(254 * (x / s - hi))`. The coarse bytes alone
//! decide which rows are candidates; coarse and fine together, good to 1 part in 64,000 of `m`, rank
//! them. The scale is per vector, so rows move between segments without being quantized again.
//!
//! The vector is rotated first, see [`rotation`](super::rotation), so that `m` is small. Segments
//! of version 1 hold vectors without the rotation.

use bytes::Bytes;

use super::rotation::{rotate, rotate_back};
use crate::dot;
use crate::error::IndexError;

/// A unit-length embedding in fixed point.
///
/// Cloning is cheap: a vector that was read from a segment shares the segment's bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantizedVector {
    /// Value of one step of a coarse component.
    pub(crate) scale: f32,
    /// Coarse components as bytes of `i8`, `[dimensions]`.
    hi: Bytes,
    /// Fine components in 1/254 of a coarse step, as bytes of `i8`, `[dimensions]`.
    lo: Bytes,
    basis: Basis,
}

/// The coordinate system of a vector's components.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Basis {
    /// The encoder's own basis, as in segments of version 1.
    Original,
    /// The basis after [`rotate`].
    Rotated,
}

impl QuantizedVector {
    /// Scales `vector` to unit length, rotates and quantizes it.
    ///
    /// # Errors
    /// [`IndexError::NoDirection`] if it is all zero, empty or not finite.
    pub fn new(vector: &[f32]) -> Result<Self, IndexError> {
        Ok(Self::in_basis(Basis::Rotated, unit(vector)?).0)
    }

    /// Quantizes a vector of unit length in a basis; also returns its components in that basis.
    pub(crate) fn in_basis(basis: Basis, mut unit: Vec<f32>) -> (Self, Vec<f32>) {
        if basis == Basis::Rotated {
            rotate(&mut unit);
        }
        (Self::of_components(&unit, basis), unit)
    }

    /// Quantizes the components that a vector of unit length has in a basis.
    pub(crate) fn of_components(unit: &[f32], basis: Basis) -> Self {
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
            basis,
        }
    }

    /// Wraps an embedding that is part of a segment.
    pub(crate) fn stored(scale: f32, hi: Bytes, lo: Bytes, basis: Basis) -> Self {
        Self {
            scale,
            hi,
            lo,
            basis,
        }
    }

    /// Converts the vector to the rotated basis; `None` if it is in that basis already.
    pub(crate) fn rotated(&self) -> Option<Self> {
        let mut components = (self.basis == Basis::Original).then(|| self.components())?;
        rotate(&mut components);
        Some(Self::of_components(&components, Basis::Rotated))
    }

    /// Encodes the vector for an engine: its scale as a little-endian number, the coarse bytes, the fine bytes, all in the
    /// rotated basis.
    pub fn to_bytes(&self) -> Vec<u8> {
        let rotated = self.rotated();
        let Self { scale, hi, lo, .. } = rotated.as_ref().unwrap_or(self);
        [&scale.to_le_bytes()[..], hi, lo].concat()
    }

    /// Decodes what [`to_bytes`](Self::to_bytes) returned; `None` if no vector of this length has these bytes.
    pub fn from_bytes(bytes: &[u8], dimensions: usize) -> Option<Self> {
        let (scale, components) = bytes.split_first_chunk::<4>()?;
        let scale = f32::from_le_bytes(*scale);
        // The largest component of a vector of unit length is at most 1, and one of its coarse steps 1 part in 127.
        let is_possible = scale.is_normal() && scale > 0.0 && scale <= 1.0 / 64.0;
        if !is_possible || dimensions == 0 || components.len() != 2 * dimensions {
            return None;
        }
        let (hi, lo) = components.split_at(dimensions);
        let is_coarse = |byte: &u8| byte.cast_signed() != i8::MIN;
        if !hi.iter().chain(lo).all(is_coarse) {
            return None;
        }
        let part = Bytes::copy_from_slice;
        Some(Self::stored(scale, part(hi), part(lo), Basis::Rotated))
    }

    /// Returns the number of components.
    pub fn dimensions(&self) -> usize {
        self.hi.len()
    }

    /// Converts the embedding back to numbers in the encoder's basis, `[dimensions]`.
    pub fn to_f32(&self) -> Vec<f32> {
        let mut components = self.components();
        if self.basis == Basis::Rotated {
            rotate_back(&mut components);
        }
        components
    }

    /// Returns the components in the vector's own basis, `[dimensions]`.
    pub(crate) fn components(&self) -> Vec<f32> {
        let step = self.scale / dot::FINE_STEPS as f32;
        self.hi()
            .iter()
            .zip(self.lo())
            .map(|(&hi, &lo)| step * dot::fixed(hi, lo))
            .collect()
    }

    /// Returns the coarse components for another `scale`; components that do not fit become the
    /// largest possible one.
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

/// Computes `x.round()` of a number that fits into an `i32`. Compilers turn this into a few
/// instructions on every machine, whereas `f32::round` is a function call for each component.
fn rounded(x: f32) -> f32 {
    let whole = x as i32 as f32;
    let rest = x - whole;
    whole + f32::from(rest >= 0.5) - f32::from(rest <= -0.5)
}

/// Scales `vector` to unit length. Its length is computed in double precision, where the square of no finite
/// component overflows or vanishes.
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
mod tests;
