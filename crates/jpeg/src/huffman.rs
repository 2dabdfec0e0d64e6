use crate::bits::BitReader;

/// Maximum length of codes that are found by one look-up in a table.
const LOOK: u32 = 10;
/// Number of bits that are looked up to skip coefficients; several short ones fit.
const SKIM: u32 = 12;

/// A Huffman code of ITU-T T.81, annex C, as tables.
pub(crate) struct Huffman {
    /// For the next [`LOOK`] bits: length of the code (0: it is longer) and, above it, the symbol.
    look: Box<[u16; 1 << LOOK]>,
    /// For the next [`SKIM`] bits: the coefficients in them if only their positions count. Empty if
    /// coefficients are not skipped.
    skim: Vec<Skim>,
    /// For the next [`LOOK`] bits: the coefficient in them, code and value.
    coefficients: Vec<Coefficient>,
    /// For each length: the first code that is too large for it, shifted to 16 bits.
    limits: [u32; 17],
    /// For each length: the difference between a code and the position of its symbol.
    places: [i32; 17],
    symbols: Vec<u8>,
}

/// A coefficient of a block in the code for AC coefficients.
#[derive(Clone, Copy, Default)]
pub(crate) struct Coefficient {
    pub(crate) value: i16,
    /// Number of zeros before it.
    pub(crate) run: u8,
    /// Number of bits of code and value; 0 if they exceed the bits that were looked up, or are not
    /// a coefficient.
    pub(crate) bits: u8,
    /// Bits of the value.
    pub(crate) size: u8,
}

/// One or more coefficients of a block in the code for AC coefficients.
#[derive(Clone, Copy, Default)]
pub(crate) struct Skim {
    /// Number of bits of codes and values; 0 if the first code is longer than the bits that were
    /// looked up.
    pub(crate) bits: u8,
    /// Number of coefficients, including zeros.
    pub(crate) coefficients: u8,
    /// True if the end of the block follows, which is included in the bits.
    pub(crate) ends: bool,
    /// Maximum number of bits of one of the values.
    pub(crate) size: u8,
}

impl Huffman {
    /// Builds a code from the `counts` of codes of length 1 to 16, and the symbols in their order.
    /// `None` unless they are a code, and there are as many symbols as counted. `passes_over` is
    /// true if [`skim`](Self::skim) will be called; most of the time for the set-up is for that.
    pub(crate) fn new(counts: &[u8; 16], symbols: &[u8], passes_over: bool) -> Option<Huffman> {
        let mut look = Box::new([0; 1 << LOOK]);
        let (mut limits, mut places) = ([0; 17], [0; 17]);
        let (mut code, mut place) = (0u32, 0usize);
        for (length, &count) in (1u32..).zip(counts) {
            code <<= 1;
            places[length as usize] = place as i32 - code as i32;
            let new = symbols.get(place..place + usize::from(count))?;
            for &symbol in new {
                if code >> length != 0 {
                    return None;
                }
                if length <= LOOK {
                    let first = (code << (LOOK - length)) as usize;
                    let entry = u16::from(symbol) << 8 | length as u16;
                    look[first..first + (1 << (LOOK - length))].fill(entry);
                }
                code += 1;
            }
            place += new.len();
            limits[length as usize] = code << (16 - length);
        }
        let mut huffman = Huffman {
            look,
            coefficients: Vec::new(),
            skim: Vec::new(),
            limits,
            places,
            symbols: symbols.get(..place)?.to_vec(),
        };
        if passes_over {
            huffman.skim = (0..1 << SKIM).map(|bits| huffman.skimmed(bits)).collect();
        }
        Some(huffman)
    }

    /// Prepares [`coefficient`](Self::coefficient), for AC coefficients.
    pub(crate) fn with_coefficients(mut self) -> Huffman {
        self.coefficients = (0..1 << LOOK).map(|bits| self.whole(bits)).collect();
        self
    }

    /// Returns the coefficient at the start of [`LOOK`] bits, if they contain all of it.
    fn whole(&self, bits: u32) -> Coefficient {
        let entry = self.look[bits as usize];
        let (length, symbol) = (u32::from(entry & 0xFF), entry >> 8);
        let (run, size) = ((symbol >> 4) as u8, u32::from(symbol & 15));
        if length == 0 || size == 0 || length + size > LOOK {
            return Coefficient::default();
        }
        let raw = (bits >> (LOOK - length - size)) & ((1 << size) - 1);
        Coefficient {
            value: signed(raw as i32, size) as i16,
            run,
            bits: (length + size) as u8,
            size: size as u8,
        }
    }

    /// Returns the next coefficient, if the table of [`with_coefficients`](Self::with_coefficients)
    /// contains all of it.
    #[inline(always)]
    pub(crate) fn coefficient(&self, bits: &BitReader<'_>) -> Coefficient {
        let found = self.coefficients.get(bits.peek(LOOK) as usize);
        found.copied().unwrap_or_default()
    }

    /// Returns as many whole coefficients as [`SKIM`] bits contain. The value of the first may
    /// extend beyond them.
    fn skimmed(&self, bits: u32) -> Skim {
        let mut found = Skim::default();
        loop {
            let used = u32::from(found.bits);
            if used >= SKIM {
                return found;
            }
            let ahead = (bits << used) & ((1 << SKIM) - 1);
            let entry = self.look[(ahead >> (SKIM - LOOK)) as usize];
            let (length, symbol) = (u32::from(entry & 0xFF), entry >> 8);
            let (run, size) = (symbol >> 4, u32::from(symbol & 15));
            let known = length != 0 && used + length <= SKIM;
            let first = found.coefficients == 0;
            if !known || !first && used + length + size > SKIM {
                return found;
            }
            found.bits += (length + size) as u8;
            found.size = found.size.max(size as u8);
            if size == 0 && run != 15 {
                found.ends = true;
                return found;
            }
            found.coefficients += run as u8 + 1;
        }
    }

    /// Takes the next symbol; needs 16 bits in the buffer. `None` if no code begins like them.
    #[inline(always)]
    pub(crate) fn symbol(&self, bits: &mut BitReader<'_>) -> Option<u8> {
        let entry = self.look[bits.peek(LOOK) as usize];
        if entry != 0 {
            bits.skip(u32::from(entry & 0xFF));
            return Some((entry >> 8) as u8);
        }
        let (symbol, length) = self.long_symbol(bits.peek(16))?;
        bits.skip(length);
        Some(symbol)
    }

    /// Returns the symbol at the start of 16 bits, and the length of its code. The bits are passed
    /// by value, so that the reader stays in registers.
    #[cold]
    fn long_symbol(&self, next: u32) -> Option<(u8, u32)> {
        let length = (LOOK + 1..=16).find(|&length| next < self.limits[length as usize])?;
        let place = (next >> (16 - length)) as i32 + self.places[length as usize];
        let symbol = self.symbols.get(usize::try_from(place).ok()?)?;
        Some((*symbol, length))
    }

    /// Returns the next coefficients if only their positions count.
    #[inline(always)]
    pub(crate) fn skim(&self, bits: &BitReader<'_>) -> Skim {
        let found = self.skim.get(bits.peek(SKIM) as usize);
        found.copied().unwrap_or_default()
    }
}

/// Takes a value of `size` bits, 1 to 15, in the notation of ITU-T T.81, F.2.2.1; they must be in
/// the buffer.
#[inline(always)]
pub(crate) fn value(bits: &mut BitReader<'_>, size: u32) -> i32 {
    signed(bits.take(size) as i32, size)
}

/// Converts to a signed number: a first bit of 0 marks a negative one.
#[inline(always)]
fn signed(raw: i32, size: u32) -> i32 {
    let negative = (raw >> (size - 1)) - 1;
    raw + (negative & (1 - (1 << size)))
}
