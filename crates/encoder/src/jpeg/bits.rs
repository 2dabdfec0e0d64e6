/// Bytes behind the data, so that eight of them can be read wherever the data has one.
const PADDING: usize = 8;

/// The compressed data between two markers, the zero bytes that were stuffed behind 0xFF taken out, read
/// bit by bit, highest first. Behind its end there are zeros; [`Bits::overrun`] tells afterwards.
#[derive(Default)]
pub(super) struct Bits {
    bytes: Vec<u8>,
    /// Of the first byte that is not counted in the buffer.
    position: usize,
    /// The next bits from the highest down. Below the counted ones are bits that come again.
    buffer: u64,
    count: u32,
}

impl Bits {
    /// Goes to the beginning of a segment: takes it from `rest` up to the next marker, which is passed
    /// and returned. `None` when the file ends before one, or has something else in its place.
    pub(super) fn start(&mut self, rest: &mut &[u8]) -> Option<u8> {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        let marker = loop {
            let data = memchr::memchr(0xFF, rest)?;
            bytes.extend_from_slice(&rest[..data]);
            let after = &rest[data + 1..];
            let fill = after.iter().position(|&byte| byte != 0xFF)?;
            *rest = &after[fill + 1..];
            match (after[fill], fill) {
                (0, 0) => bytes.push(0xFF),
                (0, _) => return None,
                (marker, _) => break marker,
            }
        };
        bytes.extend_from_slice(&[0; PADDING]);
        *self = Bits {
            bytes,
            ..Bits::default()
        };
        Some(marker)
    }

    /// At least this many bits can be looked at after [`Bits::refill`].
    pub(super) const FILLED: u32 = 56;

    /// Fills the buffer to 56 bits or more.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        let next = self.bytes.get(self.position..).unwrap_or_default();
        let next = next
            .first_chunk()
            .map_or(0, |next| u64::from_be_bytes(*next));
        self.buffer |= next >> self.count;
        self.position += (63 - self.count as usize) >> 3;
        self.count |= Bits::FILLED;
    }

    /// The next 1 to 32 bits; they stay.
    #[inline(always)]
    pub(super) fn peek(&self, bits: u32) -> u32 {
        (self.buffer >> (64 - bits)) as u32
    }

    /// Passes over bits that are in the buffer, 31 at most.
    #[inline(always)]
    pub(super) fn skip(&mut self, bits: u32) {
        self.buffer <<= bits;
        self.count -= bits;
    }

    /// True when more bits were passed over than there are.
    pub(super) fn overrun(&self) -> bool {
        let passed = 8 * self.position - self.count as usize;
        passed > 8 * (self.bytes.len() - PADDING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stuffed_zeros_are_left_out_and_markers_end_a_segment() {
        let mut rest = &b"ab\xff\0c\xff\xff\xd0d\xff\xd9tail"[..];
        let mut bits = Bits::default();
        assert_eq!(bits.start(&mut rest), Some(0xD0));
        assert_eq!(bits.bytes, b"ab\xffc\0\0\0\0\0\0\0\0");
        assert_eq!(bits.start(&mut rest), Some(0xD9));
        assert_eq!(rest, b"tail");
        assert_eq!(bits.start(&mut rest), None);
        assert_eq!(bits.start(&mut &b"a\xff\xff\0"[..]), None);
        assert_eq!(bits.start(&mut &b"a\xff"[..]), None);
    }

    #[test]
    fn bits_come_highest_first_and_the_end_is_noticed() {
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
            bits.refill();
            let expected = (place..place + step).fold(0, |sum, place| sum << 1 | bit(place));
            assert_eq!(bits.peek(step as u32), expected);
            bits.skip(step as u32);
            place += step;
            assert!(!bits.overrun());
        }
        for _ in place..320 {
            bits.refill();
            bits.skip(1);
        }
        assert!(!bits.overrun());
        bits.refill();
        bits.skip(1);
        assert!(bits.overrun());
        // However far behind the end: nothing is there, and nothing fails.
        for _ in 0..1000 {
            bits.refill();
            bits.skip(31);
        }
        assert!(bits.overrun());
    }
}
