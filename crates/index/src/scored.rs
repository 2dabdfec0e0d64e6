//! A node and its score.

/// A node and its score, ordered by score. Of equal scores the lower node is better, so that the
/// order never depends on chance.
///
/// Both are packed into one number that is ordered like the pair, with the score in the high bits:
/// heaps of candidates spend most of their time comparing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ScoredNode(u64);

impl ScoredNode {
    #[inline]
    pub(crate) fn new(score: f32, node: u32) -> Self {
        Self(u64::from(ordered(score.to_bits())) << 32 | u64::from(!node))
    }

    #[inline]
    pub(crate) fn score(self) -> f32 {
        f32::from_bits(unordered((self.0 >> 32) as u32))
    }

    #[inline]
    pub(crate) fn node(self) -> u32 {
        !(self.0 as u32)
    }
}

/// Converts the bits of a float to a number that is ordered like `f32::total_cmp`.
fn ordered(bits: u32) -> u32 {
    match bits >> 31 {
        0 => bits | 1 << 31,
        _ => !bits,
    }
}

/// Undoes [`ordered`].
fn unordered(number: u32) -> u32 {
    match number >> 31 {
        0 => !number,
        _ => number & !(1 << 31),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_ordered_like_the_pair(a in any::<(u32, u32)>(), b in any::<(u32, u32)>()) {
            let (score_a, score_b) = (f32::from_bits(a.0), f32::from_bits(b.0));
            let (packed_a, packed_b) = (ScoredNode::new(score_a, a.1), ScoredNode::new(score_b, b.1));
            prop_assert_eq!(packed_a.score().to_bits(), a.0);
            prop_assert_eq!(packed_a.node(), a.1);
            let expected = score_a.total_cmp(&score_b).then(b.1.cmp(&a.1));
            prop_assert_eq!(packed_a.cmp(&packed_b), expected);
        }
    }
}
