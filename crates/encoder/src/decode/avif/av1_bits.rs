/// Bits of bytes, highest first.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    place: usize,
}

impl Bits<'_> {
    pub(super) fn new(data: &[u8]) -> Bits<'_> {
        Bits { data, place: 0 }
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        let byte = self.data.get(self.place / 8)?;
        let bit = byte >> (7 - self.place % 8) & 1;
        self.place += 1;
        Some(bit == 1)
    }

    /// Reads a number of up to 32 bits.
    pub(super) fn read(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | u32::from(self.flag()?);
        }
        Some(value)
    }

    /// Skips a number that follows as many zeros as it has bits; none has more than 32.
    pub(super) fn variable(&mut self) -> Option<()> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
        }
        if zeros < 32 {
            self.read(zeros)?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn no_bit_is_read_beyond_the_end() {
        let mut bits = Bits::new(&[0b1010_0110, 0b0010_1000]);
        assert_eq!((bits.read(3), bits.flag()), (Some(5), Some(false)));
        // Two zeros, a one, and two more bits.
        assert_eq!((bits.read(5), bits.variable()), (Some(0b01100), Some(())));
        assert_eq!((bits.read(9), bits.read(0)), (None, Some(0)));
        assert_eq!(Bits::new(&[0; 3]).variable(), None);
    }
}
