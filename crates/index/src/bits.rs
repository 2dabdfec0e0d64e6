//! A fixed-size set of small numbers.

/// A set of numbers below its size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bits {
    words: Vec<u64>,
    size: u32,
}

impl Bits {
    /// Makes an empty set of numbers below `size`.
    pub(crate) fn new(size: u32) -> Self {
        Self {
            words: vec![0; size.div_ceil(64) as usize],
            size,
        }
    }

    /// Makes the set of all numbers below `size`.
    pub(crate) fn full(size: u32) -> Self {
        let mut full = Self::new(size);
        full.complement();
        full
    }

    /// Makes the set of these numbers; those that are not below `size` are ignored.
    pub(crate) fn containing(size: u32, numbers: impl Iterator<Item = u32>) -> Self {
        let mut set = Self::new(size);
        for number in numbers {
            set.insert(number);
        }
        set
    }

    /// Makes the set of the numbers below `size` that pass a test.
    pub(crate) fn of_numbers(size: u32, passes: impl Fn(u32) -> bool) -> Self {
        Self::containing(size, (0..size).filter(|&number| passes(number)))
    }

    /// Makes the set of the positions of items that pass a test. There are fewer items than 2^32.
    pub(crate) fn of<T>(items: &[T], passes: impl Fn(&T) -> bool) -> Self {
        let word = |items: &[T]| {
            // One byte each, which compilers vectorize; then eight bytes become eight bits.
            let mut flags = [0_u8; 64];
            for (flag, item) in flags.iter_mut().zip(items) {
                *flag = u8::from(passes(item));
            }
            let (eights, _) = flags.as_chunks::<8>();
            let bits = eights.iter().map(|eight| {
                // Moves the lowest bit of byte `i` to bit `56 + i`; no two meet on the way.
                u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56
            });
            bits.zip((0..).step_by(8))
                .fold(0, |word, (bits, position)| word | bits << position)
        };
        Self {
            words: items.chunks(64).map(word).collect(),
            size: items.len() as u32,
        }
    }

    /// Keeps only the numbers that the other set, of the same size, has too.
    pub(crate) fn intersect(&mut self, other: &Self) {
        self.each_with(other, |mine, other| mine & other);
    }

    /// Adds the numbers that the other set, of the same size, has.
    pub(crate) fn unite(&mut self, other: &Self) {
        self.each_with(other, |mine, other| mine | other);
    }

    /// Removes the numbers that the other set, of the same size, has.
    pub(crate) fn subtract(&mut self, other: &Self) {
        self.each_with(other, |mine, other| mine & !other);
    }

    fn each_with(&mut self, other: &Self, join: impl Fn(u64, u64) -> u64) {
        for (mine, &other) in self.words.iter_mut().zip(&other.words) {
            *mine = join(*mine, other);
        }
    }

    /// Replaces the set by its complement.
    pub(crate) fn complement(&mut self) {
        self.words.iter_mut().for_each(|word| *word = !*word);
        let used = self.size % 64;
        if let Some(last) = self.words.last_mut().filter(|_| used > 0) {
            *last &= (1 << used) - 1;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// Makes this an empty set of numbers below `size`, in the same memory.
    pub(crate) fn clear(&mut self, size: u32) {
        self.words.clear();
        self.words.resize(size.div_ceil(64) as usize, 0);
        self.size = size;
    }

    /// Adds `i`; true if it was not in the set. A number out of range is ignored.
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

    /// Returns the numbers in it, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0..).zip(&self.words).flat_map(|(position, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(64 * position + bit)
            })
        })
    }

    /// Counts the runs of numbers without a gap.
    pub(crate) fn runs(&self) -> u32 {
        let mut before = 0;
        let begun = self.words.iter().map(|&word| {
            let begin = word & !(word << 1 | before);
            before = word >> 63;
            begin.count_ones()
        });
        begun.sum()
    }

    pub(crate) fn count(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beyond_the_size_are_never_in_the_set() {
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

    #[test]
    fn set_operations_agree_with_a_reference() {
        for size in [0, 1, 7, 63, 64, 65, 128, 200] {
            let numbers: Vec<u32> = (0..size).map(|i| i * 37 % 11).collect();
            let set = |test: fn(u32) -> bool| Bits::of(&numbers, |&number| test(number));
            let low = set(|number| number < 5);
            let even = set(|number| number % 2 == 0);
            let are = |bits: &Bits, test: fn(u32) -> bool| {
                let passing = (0..size).filter(|&i| test(numbers[i as usize]));
                assert_eq!(*bits, Bits::containing(size, passing.clone()), "{size}");
                assert!(bits.iter().eq(passing), "{size}");
                assert_eq!(bits.is_empty(), bits.count() == 0);
                let begins = |i: &u32| *i == 0 || !bits.contains(i - 1);
                assert_eq!(bits.runs() as usize, bits.iter().filter(begins).count());
            };
            are(&low, |number| number < 5);
            let mut both = low.clone();
            both.intersect(&even);
            are(&both, |number| number < 5 && number % 2 == 0);
            let mut any = low.clone();
            any.unite(&even);
            are(&any, |number| number < 5 || number % 2 == 0);
            let mut rest = low.clone();
            rest.subtract(&even);
            are(&rest, |number| number < 5 && number % 2 == 1);
            let mut other = low.clone();
            other.complement();
            are(&other, |number| number >= 5);
            are(&Bits::full(size), |_| true);
            assert_eq!(
                Bits::of_numbers(size, |i| numbers[i as usize] < 5),
                low,
                "{size}"
            );
        }
    }
}
