//! Dot products with the `sdot` instruction of Armv8.2 (Graviton 2 and later).
#![allow(unsafe_code)]

use std::arch::aarch64::*;
use std::arch::{asm, is_aarch64_feature_detected};

use super::coarse_portable;

/// Computes the coarse product with the best instructions of this processor.
#[inline]
pub(super) fn coarse(a: &[i8], b: &[i8]) -> i32 {
    if is_aarch64_feature_detected!("dotprod") {
        // Safety: the check above found the instructions that the function is compiled for.
        return unsafe { coarse_dotprod(a, b) };
    }
    coarse_portable(a, b)
}

#[target_feature(enable = "neon,dotprod")]
fn coarse_dotprod(a: &[i8], b: &[i8]) -> i32 {
    let (a, a_rest) = a.as_chunks::<32>();
    let (b, b_rest) = b.as_chunks::<32>();
    let mut sums = [vdupq_n_s32(0); 2];
    for (a, b) in a.iter().zip(b) {
        for (half, sum) in sums.iter_mut().enumerate() {
            // Safety: the loads read 16 bytes at offset 0 or 16 of arrays of 32 bytes, and need no
            // alignment.
            let (x, y) = unsafe {
                (
                    vld1q_s8(a.as_ptr().add(16 * half)),
                    vld1q_s8(b.as_ptr().add(16 * half)),
                )
            };
            // Safety: the instruction only reads and writes the named registers. It is available,
            // because the function is compiled for processors that have it.
            unsafe {
                asm!(
                    "sdot {sum:v}.4s, {x:v}.16b, {y:v}.16b",
                    sum = inout(vreg) *sum,
                    x = in(vreg) x,
                    y = in(vreg) y,
                    options(pure, nomem, nostack, preserves_flags),
                );
            }
        }
    }
    let sum = vaddvq_s32(vaddq_s32(sums[0], sums[1]));
    sum.wrapping_add(coarse_portable(a_rest, b_rest))
}

/// Returns every coarse path that this processor has, for tests.
#[cfg(test)]
pub(super) fn paths() -> Vec<super::tests::Path> {
    let mut paths: Vec<super::tests::Path> = Vec::new();
    if is_aarch64_feature_detected!("dotprod") {
        // Safety: the check above found the instructions that the function is compiled for.
        paths.push(("dotprod", |a, b| unsafe { coarse_dotprod(a, b) }));
    }
    paths
}
