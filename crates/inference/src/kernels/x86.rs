//! x86-64 registers of AVX2 with FMA, and of AVX-512.

use std::arch::x86_64::*;

use super::vector::{Vector, vector};

vector!(
    Ymm,
    __m256,
    8,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_add_ps,
    _mm256_max_ps,
    _mm256_min_ps,
    |a, b, c| _mm256_fmadd_ps(a, b, c)
);

vector!(
    Zmm,
    __m512,
    16,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_add_ps,
    _mm512_max_ps,
    _mm512_min_ps,
    |a, b, c| _mm512_fmadd_ps(a, b, c)
);
