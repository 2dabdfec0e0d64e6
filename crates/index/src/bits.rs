//! A fixed-size set of small numbers.

#[derive(Debug, Clone, Default)]
pub(crate) struct Bits {
    words: Vec<u64>,
    size: u32,
}

impl Bits {
    /// An empty set of numbers below `size`.
    pub(crate) fn new(size: u32) -> Self {
        Self {
            words: vec![0; size.div_ceil(64) as usize],
            size,
        }
    }

    /// Makes it the empty set of numbers below `size`, in the memory that it has.
    pub(crate) fn clear(&mut self, size: u32) {
        self.words.clear();
        self.words.resize(size.div_ceil(64) as usize, 0);
        self.size = size;
    }

    /// Adds `i`; true when it was not in the set. Out of range adds nothing.
    #[inline]
    pub(crate) fn insert(&mut self, i: u32) -> bool {
        if i >= self.size {
            return false;
        }
        let mask = 1 << (i % 64);
        let word = &mut self.words[i as usize / 64];
        let new = *word & mask == 0;
        *word |= mask;
        new
    }

    #[inline]
    pub(crate) fn contains(&self, i: u32) -> bool {
        self.words
            .get(i as usize / 64)
            .is_some_and(|word| word & (1 << (i % 64)) != 0)
    }

    /// The numbers in it, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0..).zip(&self.words).flat_map(|(place, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(64 * place + bit)
            })
        })
    }

    pub(crate) fn count(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beyond_the_size_are_never_in_it() {
        let mut bits = Bits::new(65);
        assert!(bits.insert(64) && !bits.insert(64));
        assert!(!bits.insert(65) && !bits.insert(127) && !bits.insert(u32::MAX));
        assert!(bits.contains(64) && !bits.contains(65) && !bits.contains(u32::MAX));
        assert_eq!(bits.count(), 1);
        bits.insert(0);
        bits.insert(63);
        assert!(bits.iter().eq([0, 63, 64]));
        bits.clear(70);
        assert!(bits.count() == 0 && bits.insert(69) && !bits.insert(70));
    }
}
