//! A fixed random rotation, after which no component of a vector is much larger than the others.
//!
//! The largest component sets the quantization step of all. In embeddings of one class of images,
//! one component can be as large as all others together, and a byte per component then tells little
//! about the rest. After the rotation every component is a mixture of all, and they are about
//! equally large: the same bytes store the vector five times as exactly. Angles stay the same, and
//! with them every score.
//!
//! The rotation is a change of signs followed by a Hadamard transform, as in Ailon and Chazelle
//! 2009 ("The fast Johnson-Lindenstrauss transform"), over the longest power of two of components
//! that fits, from the front; if components are left over, again over as many from the back. It is
//! part of the stored format and must never change.

/// Rotates a vector, `[dimensions]`, in place. Every machine computes the same bits.
pub(crate) fn rotate(vector: &mut [f32]) {
    let (block, rounds) = plan(vector.len());
    for round in 0..rounds {
        flip(vector, round);
        hadamard(part(vector, block, round));
    }
}

/// Undoes [`rotate`], up to the rounding of `f32`.
pub(crate) fn rotate_back(vector: &mut [f32]) {
    let (block, rounds) = plan(vector.len());
    for round in (0..rounds).rev() {
        hadamard(part(vector, block, round));
        flip(vector, round);
    }
}

/// Returns the largest power of two that fits, and the number of rounds until every component is
/// reached.
fn plan(length: usize) -> (usize, usize) {
    match length.checked_ilog2() {
        None => (0, 0),
        Some(_) if length.is_power_of_two() => (length, 1),
        Some(log) => (1 << log, 2),
    }
}

fn part(vector: &mut [f32], block: usize, round: usize) -> &mut [f32] {
    match round {
        0 => &mut vector[..block],
        _ => {
            let begin = vector.len() - block;
            &mut vector[begin..]
        }
    }
}

/// Changes the sign of about half of the components.
fn flip(vector: &mut [f32], round: usize) {
    for (word, chunk) in vector.chunks_mut(64).enumerate() {
        let bits = mixed((word as u64) << 1 | round as u64);
        for (i, x) in chunk.iter_mut().enumerate() {
            *x = f32::from_bits(x.to_bits() ^ ((bits >> i & 1) as u32) << 31);
        }
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014).
fn mixed(number: u64) -> u64 {
    let z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// Applies the Hadamard transform that keeps lengths; it is its own inverse.
fn hadamard(vector: &mut [f32]) {
    let mut half = 1;
    while half < vector.len() {
        for pair in vector.chunks_exact_mut(2 * half) {
            let (first, second) = pair.split_at_mut(half);
            for (a, b) in first.iter_mut().zip(second) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        half *= 2;
    }
    let factor = 1.0 / (vector.len() as f32).sqrt();
    vector.iter_mut().for_each(|x| *x *= factor);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dot(a: &[f32], b: &[f32]) -> f64 {
        a.iter()
            .zip(b)
            .map(|(x, y)| f64::from(*x) * f64::from(*y))
            .sum()
    }

    proptest! {
        #[test]
        fn keeps_angles_and_comes_back(pairs in proptest::collection::vec((-1.0f32..1.0, -1.0f32..1.0), 0..400)) {
            let (v, w): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            let (mut rotated_v, mut rotated_w) = (v.clone(), w.clone());
            rotate(&mut rotated_v);
            rotate(&mut rotated_w);
            prop_assert!((dot(&v, &w) - dot(&rotated_v, &rotated_w)).abs() < 1e-4);
            rotate_back(&mut rotated_v);
            for (x, y) in v.iter().zip(rotated_v) {
                prop_assert!((x - y).abs() < 1e-5);
            }
        }
    }

    /// Stored vectors depend on the rotation.
    #[test]
    fn stays_the_same_in_every_release() {
        let mut vector: Vec<f32> = (0..6).map(|i| i as f32).collect();
        rotate(&mut vector);
        assert_eq!(vector, GOLDEN);
    }

    const GOLDEN: [f32; 6] = [-3.0, 1.0, -0.5, -5.5, -1.5, 3.5];

    #[test]
    fn one_large_component_becomes_many() {
        for length in [16, 256, 300, 1280] {
            for position in [0, length / 2, length - 1] {
                let mut vector = vec![0.0; length];
                vector[position] = 1.0;
                rotate(&mut vector);
                let largest = vector.iter().fold(0.0f32, |m, x| m.max(x.abs()));
                let even = 1.0 / (length as f32).sqrt();
                assert!(largest < 4.0 * even, "{length}, {position}: {largest}");
            }
        }
    }
}
