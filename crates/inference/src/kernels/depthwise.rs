//! Depthwise convolution of padded rows: each channel has a filter of its own.

use super::bounds::Bounds;
use super::cache_line::{CacheLine, LINE};
use super::instructions::Instructions;
use super::vector::Vector;

/// The input of one row of results.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a> {
    /// Side of the square filter; see [`has_depthwise`].
    pub(crate) side: usize,
    /// Pixels between neighboring results.
    pub(crate) stride: usize,
    pub(crate) channels: usize,
    /// The rows under the filter, `side` of them, each `[pixels, channels]` with its padding.
    pub(crate) rows: &'a [&'a [f32]],
    /// Filter weights: `[side * side]` positions, each with enough lines for the channels.
    pub(crate) weights: &'a [CacheLine],
    /// Biases, with enough lines for the channels.
    pub(crate) bias: &'a [CacheLine],
    pub(crate) bounds: Bounds,
}

/// True if there is a kernel for filters of this side and stride.
pub(crate) fn has_depthwise(side: usize, stride: usize) -> bool {
    matches!((side, stride), (3 | 5 | 7, 1 | 2))
}

/// `target[x, c] = clip(bias[c] + sum of weights[y, i, c] * rows[y][x * stride + i, c])`;
/// `target` is `[pixels, channels]`.
///
/// # Panics
/// If there is no such kernel, or a slice is too short for the target.
pub(crate) fn depthwise(instructions: Instructions, rows: Rows<'_>, target: &mut [f32]) {
    let Rows {
        side,
        stride,
        channels,
        ..
    } = rows;
    assert!(has_depthwise(side, stride) && channels > 0);
    let pixels = target.len() / channels;
    if pixels == 0 {
        return;
    }
    // No overflow: stride and side are at most 7, and `pixels * channels` values exist.
    let reached = ((pixels - 1) * stride + side) * channels;
    assert!(rows.rows.len() == side && rows.rows.iter().all(|row| row.len() >= reached));
    let lines = channels.div_ceil(LINE);
    assert!(rows.weights.len() >= side * side * lines && rows.bias.len() >= lines);
    // Safety: the lengths were just checked, and `instructions` are only those that the processor
    // has.
    unsafe {
        match instructions {
            Instructions::Portable => portable(rows, target),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => avx2(rows, target),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => avx512(rows, target),
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon => neon(rows, target),
        }
    }
}

unsafe fn portable(rows: Rows<'_>, target: &mut [f32]) {
    unsafe { filters::<super::portable::Portable>(rows, target) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2(rows: Rows<'_>, target: &mut [f32]) {
    unsafe { filters::<super::x86::Ymm>(rows, target) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
unsafe fn avx512(rows: Rows<'_>, target: &mut [f32]) {
    unsafe { filters::<super::x86::Zmm>(rows, target) }
}

#[cfg(target_arch = "aarch64")]
unsafe fn neon(rows: Rows<'_>, target: &mut [f32]) {
    unsafe { filters::<super::neon::Neon>(rows, target) }
}

#[inline(always)]
unsafe fn filters<V: Vector>(rows: Rows<'_>, target: &mut [f32]) {
    unsafe {
        match (rows.side, rows.stride) {
            (3, 1) => row::<V, 3, 1>(rows, target),
            (3, 2) => row::<V, 3, 2>(rows, target),
            (5, 1) => row::<V, 5, 1>(rows, target),
            (5, 2) => row::<V, 5, 2>(rows, target),
            (7, 1) => row::<V, 7, 1>(rows, target),
            (7, 2) => row::<V, 7, 2>(rows, target),
            _ => {}
        }
    }
}

/// Computes four results of a row at once: they share most of what they read.
#[inline(always)]
unsafe fn row<V: Vector, const K: usize, const S: usize>(rows: Rows<'_>, target: &mut [f32]) {
    let pixels = target.len() / rows.channels;
    let mut x = 0;
    while x < pixels {
        unsafe {
            x += match pixels - x {
                1 => pixels_at::<V, K, S, 1>(rows, x, target),
                2 => pixels_at::<V, K, S, 2>(rows, x, target),
                3 => pixels_at::<V, K, S, 3>(rows, x, target),
                _ => pixels_at::<V, K, S, 4>(rows, x, target),
            };
        }
    }
}

/// Computes `X` results from `x` on; returns `X`.
#[inline(always)]
unsafe fn pixels_at<V: Vector, const K: usize, const S: usize, const X: usize>(
    rows: Rows<'_>,
    x: usize,
    target: &mut [f32],
) -> usize {
    // Safety: `depthwise` checked that every row contains what results `x` to `x + X` read, and
    // that weights and bias contain all channels. A vector past the last channel is moved back to
    // end with it.
    unsafe {
        let channels = rows.channels;
        let sources: [*const f32; K] =
            std::array::from_fn(|y| rows.rows[y].as_ptr().add(x * S * channels));
        let weights: *const f32 = rows.weights.as_ptr().cast();
        let bias: *const f32 = rows.bias.as_ptr().cast();
        let target = target.as_mut_ptr().add(x * channels);
        let lines = channels.div_ceil(LINE) * LINE;
        if channels < V::LANES {
            few_channels::<K, S, X>(rows, &sources, target);
            return X;
        }
        let (least, greatest) = (V::splat(rows.bounds.least), V::splat(rows.bounds.greatest));
        let mut at = 0;
        while at < channels {
            let c = at.min(channels - V::LANES);
            let mut sums = [V::load(bias.add(c)); X];
            for (y, source) in sources.iter().enumerate() {
                let factors: [V; K] =
                    std::array::from_fn(|i| V::load(weights.add((y * K + i) * lines + c)));
                for column in 0..(X - 1) * S + K {
                    let value = V::load(source.add(column * channels + c));
                    for (result, sum) in sums.iter_mut().enumerate() {
                        // The position of the filter that this result has over the column.
                        let place = column.wrapping_sub(result * S);
                        if place < K {
                            *sum = value.mul_add(factors[place], *sum);
                        }
                    }
                }
            }
            for (result, sum) in sums.into_iter().enumerate() {
                let sum = sum.max(least).min(greatest);
                sum.store(target.add(result * channels + c));
            }
            at += V::LANES;
        }
        X
    }
}

/// Computes `X` results for fewer channels than a vector has.
unsafe fn few_channels<const K: usize, const S: usize, const X: usize>(
    rows: Rows<'_>,
    sources: &[*const f32; K],
    target: *mut f32,
) {
    // Safety: as in `pixels_at`.
    unsafe {
        for result in 0..X {
            for c in 0..rows.channels {
                let mut sum = rows.bias[0].0[c];
                for (y, source) in sources.iter().enumerate() {
                    for i in 0..K {
                        let value = *source.add((result * S + i) * rows.channels + c);
                        sum += value * rows.weights[y * K + i].0[c];
                    }
                }
                let sum = sum.max(rows.bounds.least).min(rows.bounds.greatest);
                *target.add(result * rows.channels + c) = sum;
            }
        }
    }
}
