//! Dot products with AVX2, AVX-VNNI and AVX-512 VNNI.
//!
//! `vpdpbusd` multiplies unsigned by signed bytes and adds four products to an `i32`, without
//! saturation. Flipping the highest bit of a signed byte adds 128 and makes it unsigned, so
//! `sum(a * b) = sum((a + 128) * b) - sum(128 * b)`.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{coarse_portable, fine_portable};

/// Computes the coarse product with the best instructions of this processor.
#[inline]
pub(super) fn coarse(a: &[i8], b: &[i8]) -> i32 {
    if has_avx512_vnni() {
        // Safety: the check above found the instructions that the function is compiled for.
        return unsafe { coarse_avx512_vnni(a, b) };
    }
    if has_avx_vnni() {
        // Safety: as above.
        return unsafe { coarse_avx_vnni(a, b) };
    }
    if is_x86_feature_detected!("avx2") {
        // Safety: as above.
        return unsafe { coarse_avx2(a, b) };
    }
    coarse_portable(a, b)
}

#[inline]
fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")
}

#[inline]
fn has_avx512_vnni() -> bool {
    has_avx512() && is_x86_feature_detected!("avx512vnni")
}

#[inline]
fn has_avx_vnni() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("avxvnni")
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn coarse_avx512_vnni(a: &[i8], b: &[i8]) -> i32 {
    const LANES: usize = 64;
    let length = a.len().min(b.len());
    let flip = _mm512_set1_epi8(i8::MIN);
    let (mut sum, mut excess) = (_mm512_setzero_si512(), _mm512_setzero_si512());
    let mut at = 0;
    while at + LANES <= length {
        // Safety: `at + LANES` is within both slices.
        let (x, y) = unsafe {
            (
                _mm512_loadu_epi8(a.as_ptr().add(at)),
                _mm512_loadu_epi8(b.as_ptr().add(at)),
            )
        };
        sum = _mm512_dpbusd_epi32(sum, _mm512_xor_si512(x, flip), y);
        excess = _mm512_dpbusd_epi32(excess, flip, y);
        at += LANES;
    }
    if at < length {
        let mask = !0 >> (LANES - (length - at));
        // Safety: the mask has one bit for each element that is left in both slices; nothing else
        // is read.
        let (x, y) = unsafe {
            (
                _mm512_maskz_loadu_epi8(mask, a.as_ptr().add(at)),
                _mm512_maskz_loadu_epi8(mask, b.as_ptr().add(at)),
            )
        };
        sum = _mm512_dpbusd_epi32(sum, _mm512_xor_si512(x, flip), y);
        excess = _mm512_dpbusd_epi32(excess, flip, y);
    }
    _mm512_reduce_add_epi32(_mm512_sub_epi32(sum, excess))
}

#[target_feature(enable = "avx2,avxvnni")]
fn coarse_avx_vnni(a: &[i8], b: &[i8]) -> i32 {
    let (a, a_rest) = a.as_chunks::<32>();
    let (b, b_rest) = b.as_chunks::<32>();
    let flip = _mm256_set1_epi8(i8::MIN);
    let (mut sum, mut excess) = (_mm256_setzero_si256(), _mm256_setzero_si256());
    for (a, b) in a.iter().zip(b) {
        // Safety: the whole array of 32 bytes is read; the load needs no alignment.
        let (x, y) = unsafe {
            (
                _mm256_loadu_si256(a.as_ptr().cast()),
                _mm256_loadu_si256(b.as_ptr().cast()),
            )
        };
        sum = _mm256_dpbusd_avx_epi32(sum, _mm256_xor_si256(x, flip), y);
        excess = _mm256_dpbusd_avx_epi32(excess, flip, y);
    }
    let mut lanes = [0i32; 8];
    // Safety: eight numbers of 32 bits are written to an array of eight; the store needs no
    // alignment.
    unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), _mm256_sub_epi32(sum, excess)) };
    let rest = coarse_portable(a_rest, b_rest);
    lanes.into_iter().fold(rest, i32::wrapping_add)
}

#[target_feature(enable = "avx2")]
fn coarse_avx2(a: &[i8], b: &[i8]) -> i32 {
    coarse_portable(a, b)
}

/// Computes the fine product with the best instructions of this processor.
#[inline]
pub(super) fn fine(q: &[f32], hi: &[i8], lo: &[i8]) -> f32 {
    if has_avx512() {
        // Safety: the check above found the instructions that the function is compiled for.
        return unsafe { fine_avx512(q, hi, lo) };
    }
    if is_x86_feature_detected!("avx2") {
        // Safety: as above.
        return unsafe { fine_avx2(q, hi, lo) };
    }
    fine_portable(q, hi, lo)
}

#[target_feature(enable = "avx512f,avx512bw")]
fn fine_avx512(q: &[f32], hi: &[i8], lo: &[i8]) -> f32 {
    fine_portable(q, hi, lo)
}

#[target_feature(enable = "avx2")]
fn fine_avx2(q: &[f32], hi: &[i8], lo: &[i8]) -> f32 {
    fine_portable(q, hi, lo)
}

/// Returns every coarse path that this processor has, for tests.
#[cfg(test)]
pub(super) fn paths() -> Vec<super::tests::Path> {
    let mut paths: Vec<super::tests::Path> = Vec::new();
    if is_x86_feature_detected!("avx2") {
        // Safety: here and below, the check before found the instructions that the function is
        // compiled for.
        paths.push(("avx2", |a, b| unsafe { coarse_avx2(a, b) }));
    }
    if has_avx_vnni() {
        paths.push(("avx-vnni", |a, b| unsafe { coarse_avx_vnni(a, b) }));
    }
    if has_avx512_vnni() {
        paths.push(("avx512-vnni", |a, b| unsafe { coarse_avx512_vnni(a, b) }));
    }
    paths
}
