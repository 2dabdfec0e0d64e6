use super::bits::Bits;
use super::huffman::{Huffman, value};

/// Places of coefficients in the order in which they are stored, row by row.
#[rustfmt::skip]
pub(super) const ZIGZAG: [u8; 64] = [
     0,  1,  8, 16,  9,  2,  3, 10, 17, 24, 32, 25, 18, 11,  4,  5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13,  6,  7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// How a component's blocks are coded, and what of them is wanted.
pub(super) struct Coding<'a> {
    pub(super) dc: &'a Huffman,
    pub(super) ac: &'a Huffman,
    /// In storage order.
    pub(super) quantiser: &'a [f32; 64],
    /// The corner of low frequencies that is wanted: columns and rows.
    pub(super) corner: (usize, usize),
    /// In storage order: from how many bits on an unwanted coefficient is strong.
    pub(super) strong: [u8; 64],
}

/// From how many bits on a coefficient with this factor is larger than `amplitude`.
pub(super) fn bits_above(amplitude: f32, factor: f32) -> u8 {
    let above = |bits: &u8| factor * f32::from(1u16 << (bits - 1)) >= amplitude;
    (1..16).find(above).unwrap_or(16)
}

impl Coding<'_> {
    /// Whether the coefficient at this place in storage order is wanted.
    fn wants(&self, stored: usize) -> bool {
        let place = usize::from(ZIGZAG[stored]);
        place % 8 < self.corner.0 && place / 8 < self.corner.1
    }

    /// The wanted ones are before this place in storage order.
    pub(super) fn kept(&self) -> usize {
        (0..64)
            .rfind(|&stored| self.wants(stored))
            .map_or(1, |last| last + 1)
    }
}

/// Coefficients of a block, dequantised, row by row; those that are not wanted are zero.
pub(super) struct Block {
    pub(super) values: [f32; 64],
    /// Rows behind this one are zero, and columns behind that.
    pub(super) last_row: usize,
    pub(super) last_column: usize,
    /// True when all values but the first are zero.
    pub(super) flat: bool,
    /// Whether an unwanted coefficient is strong.
    pub(super) strong: bool,
}

impl Block {
    pub(super) const EMPTY: Block = Block {
        values: [0.0; 64],
        last_row: 0,
        last_column: 0,
        flat: true,
        strong: false,
    };

    /// Reads a block: first its difference from the one before, then `kept` coefficients, that one
    /// counted; the others are passed over. `None` where no encoder would have written the data.
    #[inline]
    pub(super) fn read(
        &mut self,
        bits: &mut Bits,
        coding: &Coding<'_>,
        kept: usize,
        previous: &mut i32,
    ) -> Option<()> {
        if !self.flat {
            *self = Block::EMPTY;
        }
        self.strong = false;
        bits.refill();
        let size = u32::from(coding.dc.symbol(bits)?);
        if size > 15 {
            return None;
        }
        if size > 0 {
            *previous = previous.wrapping_add(value(bits, size));
        }
        self.values[0] = *previous as f32 * coding.quantiser[0];
        let mut next = 1;
        while next < kept {
            bits.refill();
            let symbol = coding.ac.symbol(bits)?;
            let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 {
                if run != 15 {
                    return Some(());
                }
                next += 16;
                continue;
            }
            next += run;
            let place = usize::from(*ZIGZAG.get(next)?);
            let value = value(bits, size) as f32;
            if place % 8 < coding.corner.0 && place / 8 < coding.corner.1 {
                self.values[place] = value * coding.quantiser[next];
                self.last_row = self.last_row.max(place / 8);
                self.last_column = self.last_column.max(place % 8);
                self.flat = false;
            } else {
                self.strong |= size as u8 >= coding.strong[next];
            }
            next += 1;
        }
        self.pass_over(bits, coding, next)
    }

    /// Goes to the end of a block whose coefficients from `next` on are not wanted.
    #[inline]
    fn pass_over(&mut self, bits: &mut Bits, coding: &Coding<'_>, mut next: usize) -> Option<()> {
        let ac = coding.ac;
        while next < 64 {
            bits.refill();
            let skim = ac.skim(bits);
            let behind = next + usize::from(skim.coefficients);
            // An end of block is read only where the block still has coefficients.
            if skim.bits != 0 && behind + usize::from(skim.ends) <= 64 {
                bits.skip(u32::from(skim.bits));
                self.strong |= skim.size >= coding.strong[(behind - 1) & 63];
                if skim.ends {
                    return Some(());
                }
                next = behind;
                continue;
            }
            let symbol = ac.symbol(bits)?;
            let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 && run != 15 {
                return Some(());
            }
            bits.skip(size);
            self.strong |= size as u8 >= coding.strong[(next + run) & 63];
            next += run + 1;
        }
        (next == 64).then_some(())
    }
}
