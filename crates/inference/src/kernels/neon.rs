//! AArch64 registers; every such processor has them.

use std::arch::aarch64::*;

use super::vector::{Vector, vector};

vector!(
    Neon,
    float32x4_t,
    4,
    vdupq_n_f32,
    vld1q_f32,
    vst1q_f32,
    vaddq_f32,
    vmaxq_f32,
    vminq_f32,
    // The intrinsic takes the sum first.
    |a, b, c| vfmaq_f32(c, a, b)
);
