//! A fixed-size set of small numbers.

#[derive(Debug, Clone, Default)]
pub(crate) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// An empty set of numbers below `size`.
    pub(crate) fn new(size: usize) -> Self {
        Self {
            words: vec![0; size.div_ceil(64)],
        }
    }

    /// Adds `i`; true when it was not in the set. Out of range adds nothing.
    #[inline]
    pub(crate) fn insert(&mut self, i: u32) -> bool {
        let mask = 1 << (i % 64);
        match self.words.get_mut(i as usize / 64) {
            Some(word) => {
                let new = *word & mask == 0;
                *word |= mask;
                new
            }
            None => false,
        }
    }

    #[inline]
    pub(crate) fn contains(&self, i: u32) -> bool {
        self.words
            .get(i as usize / 64)
            .is_some_and(|word| word & (1 << (i % 64)) != 0)
    }

    pub(crate) fn count(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }
}
