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

/// Coefficients of a block, dequantised, row by row: only the first ones in storage order are kept.
pub(super) struct Block {
    pub(super) values: [f32; 64],
    /// Rows behind this one are zero.
    pub(super) last_row: usize,
    /// True when all values but the first are zero.
    pub(super) flat: bool,
}

impl Block {
    pub(super) const EMPTY: Block = Block {
        values: [0.0; 64],
        last_row: 0,
        flat: true,
    };

    /// Reads a block: its difference from the one before, then the first `kept` coefficients; the others
    /// are passed over. `None` where the data cannot be what an encoder wrote.
    #[inline]
    pub(super) fn read(
        &mut self,
        bits: &mut Bits,
        component: &Coding<'_>,
        previous: &mut i32,
    ) -> Option<()> {
        if !self.flat {
            *self = Block::EMPTY;
        }
        bits.refill();
        let size = u32::from(component.dc.symbol(bits)?);
        if size > 0 {
            if size > 15 {
                return None;
            }
            *previous = previous.wrapping_add(value(bits, size));
        }
        self.values[0] = *previous as f32 * component.quantiser[0];
        let mut next = 1;
        while next < component.kept {
            bits.refill();
            let symbol = component.ac.symbol(bits)?;
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
            let factor = component.quantiser[next];
            self.values[place] = value(bits, size) as f32 * factor;
            self.last_row = self.last_row.max(place / 8);
            self.flat = false;
            next += 1;
        }
        pass_over(bits, component.ac, next)
    }
}

/// How a component's blocks are coded.
pub(super) struct Coding<'a> {
    pub(super) dc: &'a Huffman,
    pub(super) ac: &'a Huffman,
    /// In storage order.
    pub(super) quantiser: &'a [f32; 64],
    /// How many coefficients count, in storage order, 1 to 64.
    pub(super) kept: usize,
}

/// Goes to the end of a block whose coefficients from `next` on are of no interest.
#[inline]
fn pass_over(bits: &mut Bits, ac: &Huffman, mut next: usize) -> Option<()> {
    while next < 64 {
        bits.refill();
        let skim = ac.skim(bits);
        let behind = next + usize::from(skim.coefficients);
        // An end of block is read only where the block still has coefficients.
        if skim.bits != 0 && behind + usize::from(skim.ends) <= 64 {
            bits.skip(u32::from(skim.bits));
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
        next += run + 1;
    }
    (next == 64).then_some(())
}
