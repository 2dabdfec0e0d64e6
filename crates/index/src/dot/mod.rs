//! Dot products, the inner loops of building and searching.
//!
//! Each loop is written once for any machine. The coarse one is also written for special
//! instructions of some processors, which are detected at run time; every path gives the same bits.
//! Sums wrap, because the overflow checks of development builds would keep the compiler from
//! vectorizing the loops.

#[cfg(target_arch = "aarch64")]
mod arm;
mod prefetch;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use prefetch::prefetch;

/// Maximum dimensions for which no sum of [`coarse`] can leave an `i32`: 128 * 128 * 65,536 = 2^30.
pub(crate) const MAX_DIMENSIONS: usize = 65_536;

/// Number of steps of a fine component in one step of a coarse one.
pub(crate) const FINE_STEPS: i32 = 254;

/// Computes the sum of the products of two vectors of equal length, at most [`MAX_DIMENSIONS`]; exact.
#[inline]
pub(crate) fn coarse(a: &[i8], b: &[i8]) -> i32 {
    #[cfg(target_arch = "x86_64")]
    return x86::coarse(a, b);
    #[cfg(target_arch = "aarch64")]
    return arm::coarse(a, b);
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    coarse_portable(a, b)
}

/// Products of two bytes fit into an `i16`; pairs are added as `i32`. This is the form that
/// `vpmaddwd` and `smlal` compute in one instruction.
#[inline(always)]
fn coarse_portable(a: &[i8], b: &[i8]) -> i32 {
    a.iter()
        .zip(b)
        .map(|(&x, &y)| i32::from(i16::from(x).wrapping_mul(i16::from(y))))
        .fold(0, i32::wrapping_add)
}

/// Computes the sum of `q * (254 * hi + lo)` over three vectors of equal length, up to the rounding
/// of `f32`. Every machine computes the same bits.
#[inline]
pub(crate) fn fine(q: &[f32], hi: &[i8], lo: &[i8]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    return x86::fine(q, hi, lo);
    #[cfg(not(target_arch = "x86_64"))]
    fine_portable(q, hi, lo)
}

/// Keeps sixteen running sums, so that additions need not wait for each other.
#[inline(always)]
fn fine_portable(q: &[f32], hi: &[i8], lo: &[i8]) -> f32 {
    let (q, q_rest) = q.as_chunks::<16>();
    let (hi, hi_rest) = hi.as_chunks::<16>();
    let (lo, lo_rest) = lo.as_chunks::<16>();
    let mut sums = [0.0f32; 16];
    for ((q, hi), lo) in q.iter().zip(hi).zip(lo) {
        for i in 0..16 {
            sums[i] += q[i] * fixed(hi[i], lo[i]);
        }
    }
    let rest: f32 = q_rest
        .iter()
        .zip(hi_rest)
        .zip(lo_rest)
        .map(|((q, &hi), &lo)| q * fixed(hi, lo))
        .sum();
    sums.iter().sum::<f32>() + rest
}

/// Combines coarse and fine into a whole number that an `f32` holds exactly.
#[inline(always)]
pub(crate) fn fixed(hi: i8, lo: i8) -> f32 {
    (i32::from(hi) * FINE_STEPS + i32::from(lo)) as f32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The name of a way to compute the coarse sum, and its function.
    pub(super) type Path = (&'static str, fn(&[i8], &[i8]) -> i32);

    /// Returns every way to compute the coarse sum that this machine has.
    pub(super) fn paths() -> Vec<Path> {
        let mut paths: Vec<Path> = vec![
            ("dispatched", coarse),
            ("portable", |a, b| coarse_portable(a, b)),
        ];
        #[cfg(target_arch = "x86_64")]
        paths.extend(x86::paths());
        #[cfg(target_arch = "aarch64")]
        paths.extend(arm::paths());
        paths
    }

    proptest! {
        #[test]
        fn every_coarse_path_gives_the_exact_sum(pairs in proptest::collection::vec(any::<(i8, i8)>(), 0..700)) {
            let (a, b): (Vec<i8>, Vec<i8>) = pairs.into_iter().unzip();
            let exact: i64 = a.iter().zip(&b).map(|(&x, &y)| i64::from(x) * i64::from(y)).sum();
            for (name, path) in paths() {
                prop_assert_eq!(i64::from(path(&a, &b)), exact, "{}", name);
            }
        }

        #[test]
        fn every_fine_path_gives_the_same_bits(
            triples in proptest::collection::vec((-1.0f32..1.0, any::<i8>(), any::<i8>()), 0..700),
        ) {
            let q: Vec<f32> = triples.iter().map(|t| t.0).collect();
            let hi: Vec<i8> = triples.iter().map(|t| t.1).collect();
            let lo: Vec<i8> = triples.iter().map(|t| t.2).collect();
            let exact: f64 = triples
                .iter()
                .map(|&(q, hi, lo)| f64::from(q) * (254.0 * f64::from(hi) + f64::from(lo)))
                .sum();
            let largest = 32_800.0 * triples.len() as f64;
            let found = fine(&q, &hi, &lo);
            prop_assert_eq!(found.to_bits(), fine_portable(&q, &hi, &lo).to_bits());
            prop_assert!((f64::from(found) - exact).abs() <= 1e-6 * largest);
        }
    }

    #[test]
    fn the_longest_vectors_do_not_overflow() {
        let least = vec![i8::MIN; MAX_DIMENSIONS];
        for (name, path) in paths() {
            assert_eq!(path(&least, &least), 1 << 30, "{name}");
        }
    }
}
