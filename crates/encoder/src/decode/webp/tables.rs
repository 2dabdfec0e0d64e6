//! Counts the code tables of a lossless WebP image: a few bytes can require gigabytes of them, and
//! the decoder builds them all before it reads a pixel.

use super::codes::{Bits, Code};

/// Maximum bytes of the five tables of a group: each has 1024 entries of four bytes, and two nodes
/// of sixteen bytes for each symbol with a longer code.
const GROUP_BYTES: u64 = 5 * 4096 + 32 * (280 + 3 * 256 + 40) + 512;
/// Bytes of nodes for each color of the cache; these are symbols too.
const CACHE_BYTES: u64 = 32;
/// Maximum bytes of tables for each byte of the file: the shortest description of a table of 1024
/// entries has twelve bytes.
const BYTES_OF_ONE: u64 = 400;

/// Symbols of the five kinds: green and lengths, red, blue, opacity, distances.
const ALPHABETS: [usize; 5] = [280, 256, 256, 256, 40];
/// Returns the maximum bytes of an image's tables; `data` is what follows its header. `None` if the
/// data is damaged or cut off before the tables.
pub(super) fn bytes(data: &[u8], width: u32, height: u32) -> Option<u64> {
    let (groups, cache) = groups(data, width, height)?;
    let tables = u64::from(groups) * (GROUP_BYTES + CACHE_BYTES * cache as u64);
    Some(tables.min(data.len() as u64 * BYTES_OF_ONE))
}

/// Returns the number of groups of tables, and of colors in the cache.
fn groups(data: &[u8], width: u32, height: u32) -> Option<(u32, usize)> {
    let mut bits = Bits::new(data);
    let mut width = width;
    let mut seen = [false; 4];
    while bits.read(1)? == 1 {
        let kind = bits.read(2)?;
        if std::mem::replace(&mut seen[kind as usize], true) {
            return None;
        }
        match kind {
            0 | 1 => {
                let side = 1 << (bits.read(3)? + 2);
                largest(&mut bits, width.div_ceil(side), height.div_ceil(side))?;
            }
            2 => {}
            _ => {
                let colors = bits.read(8)? + 1;
                largest(&mut bits, colors, 1)?;
                let packed = match colors {
                    0..=2 => 8,
                    3..=4 => 4,
                    5..=16 => 2,
                    _ => 1,
                };
                width = width.div_ceil(packed);
            }
        }
    }
    let cache = cache(&mut bits)?;
    if bits.read(1)? == 0 {
        return Some((1, cache));
    }
    let side = 1 << (bits.read(3)? + 2);
    let last = largest(&mut bits, width.div_ceil(side), height.div_ceil(side))?;
    Some((last + 1, cache))
}

/// Reads the number of colors in an image's cache.
fn cache(bits: &mut Bits<'_>) -> Option<usize> {
    match bits.read(1)? {
        0 => Some(0),
        _ => match bits.read(4)? {
            size @ 1..=11 => Some(1 << size),
            _ => None,
        },
    }
}

/// Skips an image within the image and returns its largest number, made of red and green. Pixels
/// that repeat earlier ones have none that is larger.
fn largest(bits: &mut Bits<'_>, width: u32, height: u32) -> Option<u32> {
    let cache = cache(bits)?;
    let mut codes = Vec::with_capacity(ALPHABETS.len());
    for (symbols, extra) in ALPHABETS.into_iter().zip([cache, 0, 0, 0, 0]) {
        codes.push(Code::read(bits, symbols + extra)?);
    }
    let [green, red, blue, opacity, distance] = &codes[..] else {
        return None;
    };
    let (mut largest, mut pixels) = (0, 0);
    while pixels < u64::from(width) * u64::from(height) {
        let symbol = green.next(bits)?;
        pixels += match symbol {
            0..256 => {
                let number = red.next(bits)? << 8 | symbol;
                blue.next(bits)?;
                opacity.next(bits)?;
                largest = largest.max(number);
                1
            }
            256..280 => {
                let length = repeated(bits, symbol - 256)?;
                let far = distance.next(bits)?;
                repeated(bits, far)?;
                u64::from(length)
            }
            _ => 1,
        };
    }
    Some(largest)
}

/// Reads a length or distance with its additional bits.
fn repeated(bits: &mut Bits<'_>, symbol: u32) -> Option<u32> {
    if symbol < 4 {
        return Some(symbol + 1);
    }
    let extra = (symbol - 2) >> 1;
    let start = (2 + (symbol & 1)) << extra;
    Some(start + bits.read(extra)? + 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Writes bits, lowest first.
    struct Writer(Vec<bool>);

    impl Writer {
        fn put(&mut self, value: u32, count: u32) {
            self.0.extend((0..count).map(|bit| value >> bit & 1 == 1));
        }

        /// Writes a code with one symbol.
        fn single(&mut self, symbol: u32) {
            self.put(0b101, 3);
            self.put(symbol, 8);
        }

        fn bytes(&self) -> Vec<u8> {
            let byte = |bits: &[bool]| {
                bits.iter()
                    .rev()
                    .fold(0, |sum, &bit| sum << 1 | u8::from(bit))
            };
            self.0.chunks(8).map(byte).collect()
        }
    }

    #[test]
    fn groups_are_counted() {
        let golden = include_bytes!("../../../tests/golden/pictures/lossless-150x130.webp");
        let (groups, _) = groups(&golden[25..], 150, 130).unwrap();
        assert!((1..200).contains(&groups), "{groups}");
    }

    #[test]
    fn a_few_bytes_may_ask_for_all_groups_there_are() {
        let mut file = Writer(Vec::new());
        file.put(0, 1);
        file.put(0, 1);
        // Groups for blocks of four pixels, all with the last number.
        file.put(1, 1);
        file.put(0, 3);
        file.put(0, 1);
        for symbol in [255, 255, 0, 0, 0] {
            file.single(symbol);
        }
        assert_eq!(groups(&file.bytes(), 4000, 4000), Some((65536, 0)));
        let short = bytes(&file.bytes(), 4000, 4000).unwrap();
        assert!(short < 10_000, "the file has no bytes for them: {short}");
        let mut long = file.bytes();
        long.resize(long.len() + 10_000_000, 0);
        let long = bytes(&long, 4000, 4000).unwrap();
        assert!(long > 1 << 30, "{long}");
    }
}
