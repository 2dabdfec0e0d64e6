//! The bits and the prefix codes of lossless WebP.

/// The order in which the lengths of the code for lengths are written.
const ORDER: [usize; 19] = [
    17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
];
const MAX_CODE: usize = 15;

/// Bits of bytes, lowest first.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    place: usize,
}

impl Bits<'_> {
    pub(super) fn new(data: &[u8]) -> Bits<'_> {
        Bits { data, place: 0 }
    }

    /// Reads a number of `count` bits; `None` past the end.
    pub(super) fn read(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for bit in 0..count {
            let byte = *self.data.get(self.place / 8)?;
            value |= u32::from(byte >> (self.place % 8) & 1) << bit;
            self.place += 1;
        }
        Some(value)
    }
}

/// Symbols in the order of their codes, and the number of codes of each length.
pub(super) struct Code {
    lengths: [u32; MAX_CODE + 1],
    symbols: Vec<u16>,
}

impl Code {
    /// Reads a code for `symbols` symbols; `None` if it is damaged or cut off.
    pub(super) fn read(bits: &mut Bits<'_>, symbols: usize) -> Option<Code> {
        if bits.read(1)? == 0 {
            return Code::of(&lengths(bits, symbols)?);
        }
        let two = bits.read(1)? == 1;
        let wide = bits.read(1)?;
        let first = bits.read(1 + 7 * wide)?;
        let mut found = vec![0; symbols];
        *found.get_mut(first as usize)? = 1;
        if two {
            *found.get_mut(bits.read(8)? as usize)? = 1;
        }
        Code::of(&found)
    }

    /// Makes a code from lengths; `None` if no symbol has a code.
    fn of(found: &[u8]) -> Option<Code> {
        let mut lengths = [0; MAX_CODE + 1];
        let mut symbols = Vec::new();
        for (length, count) in lengths.iter_mut().enumerate().skip(1) {
            let same = (0..)
                .zip(found)
                .filter(|(_, own)| usize::from(**own) == length);
            let before = symbols.len();
            symbols.extend(same.map(|(symbol, _)| symbol));
            *count = (symbols.len() - before) as u32;
        }
        (!symbols.is_empty()).then_some(Code { lengths, symbols })
    }

    /// Reads the next symbol. A single one takes no bits.
    pub(super) fn next(&self, bits: &mut Bits<'_>) -> Option<u32> {
        if let [only] = self.symbols[..] {
            return Some(only.into());
        }
        let (mut code, mut first, mut place) = (0, 0, 0);
        for count in &self.lengths[1..] {
            code |= bits.read(1)?;
            if code < first + count {
                let symbol = self.symbols.get((place + code - first) as usize)?;
                return Some((*symbol).into());
            }
            place += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }
}

/// Reads the lengths of the codes of all symbols, which are coded themselves.
fn lengths(bits: &mut Bits<'_>, symbols: usize) -> Option<Vec<u8>> {
    let mut own = [0; 19];
    let count = 4 + bits.read(4)? as usize;
    for &place in ORDER.get(..count)? {
        own[place] = bits.read(3)? as u8;
    }
    let code = Code::of(&own)?;
    let mut left = symbols;
    if bits.read(1)? == 1 {
        let size = 2 + 2 * bits.read(3)?;
        left = 2 + bits.read(size)? as usize;
    }
    let mut found = Vec::with_capacity(symbols);
    let mut before = 8;
    while found.len() < symbols && left > 0 {
        left -= 1;
        let (length, times) = match code.next(bits)? {
            16 => (before, 3 + bits.read(2)?),
            17 => (0, 3 + bits.read(3)?),
            18 => (0, 11 + bits.read(7)?),
            length => (length as u8, 1),
        };
        if length != 0 {
            before = length;
        }
        found.extend(std::iter::repeat_n(length, times as usize));
    }
    (found.len() <= symbols).then(|| {
        found.resize(symbols, 0);
        found
    })
}
