//! Turning vectors, so that no component is much larger than the others.
//!
//! A byte per component says little of a vector when one component is as large as all others together,
//! as it is in embeddings that hold a class: the step of all is set by the largest. Turned by a fixed
//! random rotation, every component is a mixture of all, about equally large, and the same bytes keep
//! the vector five times as exactly. Angles stay, and with them every score.
//!
//! The rotation is signs followed by a Hadamard transform, as in Ailon and Chazelle 2009 ("The fast
//! Johnson-Lindenstrauss transform"), over the first as many components as there is a power of two; when
//! that leaves some over, once more over the last as many. It is part of the stored format: it may never
//! change.

/// Turns a vector, `[dimensions]`. Every machine computes the same bits.
pub(crate) fn turn(vector: &mut [f32]) {
    let (block, rounds) = plan(vector.len());
    for round in 0..rounds {
        flip(vector, round);
        hadamard(part(vector, block, round));
    }
}

/// Undoes [`turn`], to within the rounding of `f32`.
pub(crate) fn turn_back(vector: &mut [f32]) {
    let (block, rounds) = plan(vector.len());
    for round in (0..rounds).rev() {
        hadamard(part(vector, block, round));
        flip(vector, round);
    }
}

/// The largest power of two that fits, and how many rounds it takes to reach every component.
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

/// The Hadamard transform that keeps lengths; its own inverse.
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
            let (mut turned_v, mut turned_w) = (v.clone(), w.clone());
            turn(&mut turned_v);
            turn(&mut turned_w);
            prop_assert!((dot(&v, &w) - dot(&turned_v, &turned_w)).abs() < 1e-4);
            turn_back(&mut turned_v);
            for (x, y) in v.iter().zip(turned_v) {
                prop_assert!((x - y).abs() < 1e-5);
            }
        }
    }

    /// What is stored depends on it.
    #[test]
    fn is_what_it_always_was() {
        let mut vector: Vec<f32> = (0..6).map(|i| i as f32).collect();
        turn(&mut vector);
        assert_eq!(vector, GOLDEN);
    }

    const GOLDEN: [f32; 6] = [-3.0, 1.0, -0.5, -5.5, -1.5, 3.5];

    #[test]
    fn one_large_component_becomes_many() {
        for length in [16, 256, 300, 1280] {
            for place in [0, length / 2, length - 1] {
                let mut vector = vec![0.0; length];
                vector[place] = 1.0;
                turn(&mut vector);
                let largest = vector.iter().fold(0.0f32, |m, x| m.max(x.abs()));
                let even = 1.0 / (length as f32).sqrt();
                assert!(largest < 4.0 * even, "{length}, {place}: {largest}");
            }
        }
    }
}
