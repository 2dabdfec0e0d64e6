use crate::bits::BitReader;
use crate::huffman::{Huffman, value};

/// Positions of coefficients, row by row, in the order in which they are stored.
#[rustfmt::skip]
pub(crate) const ZIGZAG: [u8; 64] = [
     0,  1,  8, 16,  9,  2,  3, 10, 17, 24, 32, 25, 18, 11,  4,  5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13,  6,  7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// For each position in zigzag order: the last row and the last column of all positions up to it.
const LAST: [(usize, usize); 64] = {
    let mut last = [(0, 0); 64];
    let mut stored = 1;
    while stored < 64 {
        let (row, column) = last[stored - 1];
        let place = ZIGZAG[stored] as usize;
        last[stored] = (
            if place / 8 > row { place / 8 } else { row },
            if place % 8 > column {
                place % 8
            } else {
                column
            },
        );
        stored += 1;
    }
    last
};

/// Minimum amplitude of a frequency, a contrast of some 20 of 256 steps, that is not dropped
/// silently: blocks are reduced separately, and a pattern that does not fit them appears as
/// another, coarser one.
const STRONG: f32 = 70.0;

/// The coefficients of a component's blocks that are needed.
pub(crate) struct Wanted {
    /// Quantizer in zigzag order.
    pub(crate) quantizer: [f32; 64],
    /// The corner of low frequencies that is needed: columns and rows.
    corner: (usize, usize),
    /// In zigzag order: minimum number of bits of an unwanted coefficient that is strong; for
    /// wanted ones, more than any coefficient has.
    strong: [u8; 64],
    /// The wanted ones are before this position in zigzag order.
    kept: usize,
}

impl Wanted {
    /// Selects the coefficients for blocks of `corner.0` x `corner.1` samples.
    pub(crate) fn new(quantizer: [f32; 64], corner: (usize, usize)) -> Wanted {
        let wants = |stored: usize| {
            let place = usize::from(ZIGZAG[stored]);
            place % 8 < corner.0 && place / 8 < corner.1
        };
        let strong = |stored: usize| match wants(stored) {
            true => u8::MAX,
            false => bits_above(STRONG, quantizer[stored]),
        };
        let strong: [u8; 64] = std::array::from_fn(strong);
        Wanted {
            quantizer,
            corner,
            strong,
            kept: (0..64)
                .rfind(|&stored| wants(stored))
                .map_or(1, |last| last + 1),
        }
    }

    /// True if some coefficients are not wanted.
    pub(crate) fn is_part(&self) -> bool {
        self.kept < 64
    }

    fn wants(&self, place: usize) -> bool {
        place % 8 < self.corner.0 && place / 8 < self.corner.1
    }

    /// True if an unwanted coefficient of `bits` bits is strong.
    fn is_strong(&self, stored: usize, bits: u8) -> bool {
        bits >= self.strong[stored & 63]
    }
}

/// Returns the minimum number of bits of a coefficient with this factor that is larger than
/// `amplitude`.
fn bits_above(amplitude: f32, factor: f32) -> u8 {
    let above = |bits: &u8| factor * f32::from(1u16 << (bits - 1)) >= amplitude;
    (1..16).find(above).unwrap_or(16)
}

/// The coefficients of blocks that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Amount {
    /// The wanted ones.
    Wanted,
    /// All of them.
    All,
}

/// The coding of a component's blocks.
pub(crate) struct Coding<'a> {
    pub(crate) dc: &'a Huffman,
    pub(crate) ac: &'a Huffman,
    pub(crate) wanted: &'a Wanted,
}

/// Coefficients of a block, dequantized, row by row. Others are zero.
pub(crate) struct Block {
    pub(crate) values: [f32; 64],
    /// Rows after `last_row` are zero, and columns after `last_column`.
    pub(crate) last_row: usize,
    pub(crate) last_column: usize,
    /// True if all values except the first are zero.
    pub(crate) flat: bool,
    /// True if an unwanted coefficient is strong.
    pub(crate) strong: bool,
}

impl Block {
    pub(crate) const EMPTY: Block = Block {
        values: [0.0; 64],
        last_row: 0,
        last_column: 0,
        flat: true,
        strong: false,
    };

    fn clear(&mut self) {
        if !self.flat {
            *self = Block::EMPTY;
        }
    }

    /// Reads a block. `None` if no encoder would have written the data.
    #[inline(always)]
    pub(crate) fn read(
        &mut self,
        bits: &mut BitReader<'_>,
        coding: &Coding<'_>,
        previous: &mut i32,
        amount: Amount,
    ) -> Option<()> {
        self.clear();
        self.read_first(bits, coding, previous)?;
        let last = match amount {
            Amount::All => self.read_all(bits, coding)?,
            Amount::Wanted => self.read_wanted(bits, coding)?,
        };
        self.finish(last);
        Some(())
    }

    /// Reads the first coefficient, which is stored as the difference from the previous block's.
    #[inline(always)]
    fn read_first(
        &mut self,
        bits: &mut BitReader<'_>,
        coding: &Coding<'_>,
        previous: &mut i32,
    ) -> Option<()> {
        bits.refill();
        let size = u32::from(coding.dc.symbol(bits)?);
        if size > 15 {
            return None;
        }
        if size > 0 {
            *previous = previous.wrapping_add(value(bits, size));
        }
        self.values[0] = *previous as f32 * coding.wanted.quantizer[0];
        Some(())
    }

    /// Stores a coefficient by its position in zigzag order.
    #[inline(always)]
    fn set(&mut self, stored: usize, value: f32) {
        self.values[usize::from(ZIGZAG[stored & 63])] = value;
    }

    /// Records that the coefficients after this position in zigzag order are zero.
    #[inline(always)]
    fn finish(&mut self, last: usize) {
        (self.last_row, self.last_column) = LAST[last & 63];
        self.flat = last == 0;
    }

    /// Reads all coefficients after the first. Returns the position of the last one.
    #[inline(always)]
    fn read_all(&mut self, bits: &mut BitReader<'_>, coding: &Coding<'_>) -> Option<usize> {
        let wanted = coding.wanted;
        let (mut next, mut last) = (1, 0);
        let mut strong = false;
        while next < 64 {
            bits.refill();
            let known = coding.ac.coefficient(bits);
            let (value, size) = if known.bits != 0 {
                bits.skip(u32::from(known.bits));
                next += usize::from(known.run);
                (i32::from(known.value), known.size)
            } else {
                let symbol = coding.ac.symbol(bits)?;
                let (run, size) = (usize::from(symbol >> 4), symbol & 15);
                if size == 0 {
                    if run != 15 {
                        next = 64;
                        break;
                    }
                    next += 16;
                    continue;
                }
                next += run;
                (value(bits, u32::from(size)), size)
            };
            if next > 63 {
                return None;
            }
            self.set(next, value as f32 * wanted.quantizer[next]);
            strong |= wanted.is_strong(next, size);
            last = next;
            next += 1;
        }
        self.strong = strong;
        (next == 64).then_some(last)
    }

    /// Reads the wanted coefficients after the first; the others are skipped. Returns the position
    /// of the last one.
    #[inline(always)]
    fn read_wanted(&mut self, bits: &mut BitReader<'_>, coding: &Coding<'_>) -> Option<usize> {
        let wanted = coding.wanted;
        let (mut next, mut last) = (1, 0);
        let mut strong = false;
        while next < wanted.kept {
            bits.refill();
            let symbol = coding.ac.symbol(bits)?;
            let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 {
                if run != 15 {
                    self.strong = strong;
                    return Some(last);
                }
                next += 16;
                continue;
            }
            next += run;
            let place = usize::from(*ZIGZAG.get(next)?);
            let value = value(bits, size) as f32;
            if wanted.wants(place) {
                self.set(next, value * wanted.quantizer[next]);
                last = next;
            } else {
                strong |= wanted.is_strong(next, size as u8);
            }
            next += 1;
        }
        self.strong = pass_over(bits, coding, next)? | strong;
        Some(last)
    }

    /// Loads the coefficients of a block as they are stored, in zigzag order; those after `last`
    /// are zero.
    pub(crate) fn load(
        &mut self,
        stored: &[i16; 64],
        last: usize,
        wanted: &Wanted,
        amount: Amount,
    ) {
        self.clear();
        self.values[0] = f32::from(stored[0]) * wanted.quantizer[0];
        let end = match amount {
            Amount::Wanted => last.min(wanted.kept - 1),
            Amount::All => last,
        };
        let values = stored.iter().zip(&wanted.quantizer).enumerate();
        let mut last = 0;
        for (stored, (&value, factor)) in values.take(end + 1).skip(1) {
            let is_kept = amount == Amount::All || wanted.wants(usize::from(ZIGZAG[stored]));
            if value != 0 && is_kept {
                self.set(stored, f32::from(value) * factor);
                last = stored;
            }
        }
        self.finish(last);
    }
}

impl Wanted {
    /// True if a block has an unwanted coefficient that is strong.
    pub(crate) fn leaves_out_strong(&self, stored: &[i16; 64], last: usize) -> bool {
        let bits = |value: i16| (16 - value.unsigned_abs().leading_zeros()) as u8;
        let mut coefficients = stored[..=last].iter().zip(&self.strong);
        coefficients.any(|(&value, &strong)| bits(value) >= strong)
    }
}

/// Skips to the end of a block whose coefficients from `next` on are not wanted; returns true if
/// one of them is strong.
#[inline(always)]
fn pass_over(bits: &mut BitReader<'_>, coding: &Coding<'_>, mut next: usize) -> Option<bool> {
    let (ac, wanted) = (coding.ac, coding.wanted);
    let mut strong = false;
    while next < 64 {
        bits.refill();
        let skim = ac.skim(bits);
        let behind = next + usize::from(skim.coefficients);
        // An end of block is read only if the block still has coefficients.
        if skim.bits != 0 && behind + usize::from(skim.ends) <= 64 {
            bits.skip(u32::from(skim.bits));
            // The largest of these counts as the last one: patterns are detected anyway.
            strong |= wanted.is_strong(behind - 1, skim.size);
            if skim.ends {
                return Some(strong);
            }
            next = behind;
            continue;
        }
        let symbol = ac.symbol(bits)?;
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 && run != 15 {
            return Some(strong);
        }
        bits.skip(size);
        strong |= wanted.is_strong(next + run, size as u8);
        next += run + 1;
    }
    (next == 64).then_some(strong)
}
