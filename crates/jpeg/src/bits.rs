/// Bytes after the data, so that eight of them can be read wherever the data has one.
const PADDING: usize = 8;

/// The compressed data between two markers, without the zero bytes that were stuffed after 0xFF,
/// read bit by bit, highest first. After its end there are zeros; [`Bits::overrun`] detects that
/// afterwards.
#[derive(Default)]
pub(crate) struct Bits {
    bytes: Vec<u8>,
    cursor: Cursor,
}

/// A position in the data.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cursor {
    /// Position of the first byte that is not counted in the buffer.
    position: usize,
    /// The next bits, highest first. Below the counted ones are bits that will be read again.
    buffer: u64,
    count: u32,
}

impl Bits {
    /// Allocates room for segments of `bytes` bytes, so that none has to be moved while it grows.
    pub(crate) fn with_capacity(bytes: usize) -> Bits {
        Bits {
            bytes: Vec::with_capacity(bytes + PADDING),
            cursor: Cursor::default(),
        }
    }

    /// Starts a segment: takes it from `rest` up to the next marker, which stays there, and returns
    /// the marker. `None` if the file ends before one: then the segment is all that was left.
    pub(crate) fn start(&mut self, rest: &mut &[u8]) -> Option<u8> {
        self.cursor = Cursor::default();
        self.bytes.clear();
        let marker = loop {
            let Some(data) = memchr::memchr(0xFF, rest) else {
                self.bytes.extend_from_slice(rest);
                *rest = &[];
                break None;
            };
            self.bytes.extend_from_slice(&rest[..data]);
            let after = &rest[data..];
            let Some(fill) = after.iter().position(|&byte| byte != 0xFF) else {
                *rest = &[];
                break None;
            };
            match after[fill] {
                0 => {
                    self.bytes.push(0xFF);
                    *rest = &after[fill + 1..];
                }
                marker => {
                    *rest = &after[fill - 1..];
                    break Some(marker);
                }
            }
        };
        self.bytes.extend_from_slice(&[0; PADDING]);
        marker
    }

    /// Returns a reader at the next bit. Call [`rewind`](Self::rewind) with its cursor afterwards.
    #[inline(always)]
    pub(crate) fn reader(&self) -> BitReader<'_> {
        BitReader {
            bytes: &self.bytes,
            cursor: self.cursor,
        }
    }

    /// Returns the position of the next bit.
    #[inline(always)]
    pub(crate) fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// Goes back to a position in the same segment.
    #[inline(always)]
    pub(crate) fn rewind(&mut self, cursor: Cursor) {
        self.cursor = cursor;
    }

    /// True if more bits were skipped than there are.
    pub(crate) fn overrun(&self) -> bool {
        self.left() < 0
    }

    /// True if no block can be left: an error in the data is then a cut.
    pub(crate) fn ends(&self) -> bool {
        self.left() < 32
    }

    /// Returns the number of bits left; negative if more were skipped than there are.
    pub(crate) fn left(&self) -> isize {
        let Cursor {
            position, count, ..
        } = self.cursor;
        let passed = 8 * position - count as usize;
        (8 * (self.bytes.len() - PADDING)) as isize - passed as isize
    }
}

/// Bits of a segment, read from a position on. Separate from [`Bits`], so that loops keep it in
/// registers.
pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    pub(crate) cursor: Cursor,
}

impl BitReader<'_> {
    /// Minimum number of bits that can be read after [`BitReader::refill`].
    pub(crate) const FILLED: u32 = 56;

    /// Fills the buffer to 56 bits or more.
    #[inline(always)]
    pub(crate) fn refill(&mut self) {
        let cursor = &mut self.cursor;
        let next = self.bytes.get(cursor.position..).unwrap_or_default();
        let next = next
            .first_chunk()
            .map_or(0, |next| u64::from_be_bytes(*next));
        cursor.buffer |= next >> cursor.count;
        cursor.position += (63 - cursor.count as usize) >> 3;
        cursor.count |= BitReader::FILLED;
    }

    /// Returns the next 1 to 32 bits without taking them.
    #[inline(always)]
    pub(crate) fn peek(&self, bits: u32) -> u32 {
        (self.cursor.buffer >> (64 - bits)) as u32
    }

    /// Skips bits that are in the buffer, 31 at most.
    #[inline(always)]
    pub(crate) fn skip(&mut self, bits: u32) {
        self.cursor.buffer <<= bits;
        self.cursor.count -= bits;
    }

    /// Takes the next 1 to 31 bits, which must be in the buffer.
    #[inline(always)]
    pub(crate) fn take(&mut self, bits: u32) -> u32 {
        let value = self.peek(bits);
        self.skip(bits);
        value
    }

    /// Takes the next bit, whether or not it is in the buffer.
    #[inline(always)]
    pub(crate) fn bit(&mut self) -> bool {
        if self.cursor.count == 0 {
            self.refill();
        }
        self.take(1) == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stuffed_zeros_are_left_out_and_markers_end_a_segment() {
        let mut rest = &b"ab\xff\0c\xff\xff\xd0d\xff\xd9tail\xff\xff\0end"[..];
        let mut bits = Bits::default();
        assert_eq!(bits.start(&mut rest), Some(0xD0));
        assert_eq!(bits.bytes, b"ab\xffc\0\0\0\0\0\0\0\0");
        rest = &rest[2..];
        assert_eq!(bits.start(&mut rest), Some(0xD9));
        rest = &rest[2..];
        assert_eq!(bits.bytes, b"d\0\0\0\0\0\0\0\0");
        // Where the file ends, so does the segment.
        assert_eq!(bits.start(&mut rest), None);
        assert_eq!(bits.bytes, b"tail\xffend\0\0\0\0\0\0\0\0");
        assert_eq!(bits.start(&mut rest), None);
        assert_eq!(bits.start(&mut &b"a\xff"[..]), None);
        assert_eq!(bits.bytes, b"a\0\0\0\0\0\0\0\0");
    }

    #[test]
    fn bits_come_highest_first_and_the_end_is_detected() {
        let data: Vec<u8> = (1..=40).collect();
        let mut bits = Bits::default();
        let file = [&data[..], b"\xff\xd9"].concat();
        assert_eq!(bits.start(&mut &file[..]), Some(0xD9));
        let bit = |place: usize| u32::from(data[place / 8] >> (7 - place % 8) & 1);
        let mut place = 0;
        for step in (1..=31).cycle() {
            if place + step > 320 {
                break;
            }
            let mut reader = bits.reader();
            reader.refill();
            let expected = (place..place + step).fold(0, |sum, place| sum << 1 | bit(place));
            assert_eq!(reader.peek(step as u32), expected);
            assert_eq!(reader.take(step as u32), expected);
            let cursor = reader.cursor;
            bits.rewind(cursor);
            place += step;
            assert!(!bits.overrun());
        }
        let mut reader = bits.reader();
        for place in place..320 {
            assert_eq!(reader.bit(), bit(place) == 1);
        }
        let end = reader.cursor;
        reader.bit();
        let behind = reader.cursor;
        // Any distance beyond the end: there are only zeros, and nothing fails.
        for _ in 0..1000 {
            reader.refill();
            reader.skip(31);
        }
        let far = reader.cursor;
        for (cursor, overrun) in [(end, false), (behind, true), (far, true)] {
            bits.rewind(cursor);
            assert_eq!(bits.overrun(), overrun);
        }
    }
}
