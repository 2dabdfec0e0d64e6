use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};

/// Bytes of a file from the front, each taken once. Taking beyond the end returns `None` and takes
/// nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Bytes<'a> {
        Bytes { rest }
    }

    /// Takes the next `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    /// Takes the next `count` bytes, or as many as there are.
    pub(super) fn take_up_to(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Takes two bytes, low byte first.
    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }
}

/// Two runs of bytes as if they were one file, so that a decoder reads a repaired header before the
/// data, or more bytes after it, and nothing is copied.
#[derive(Debug)]
pub(super) struct Joined<'a> {
    first: &'a [u8],
    second: &'a [u8],
    place: usize,
}

impl<'a> Joined<'a> {
    pub(super) fn new(first: &'a [u8], second: &'a [u8]) -> Joined<'a> {
        Joined {
            first,
            second,
            place: 0,
        }
    }

    fn rest(&self) -> &'a [u8] {
        match self.first.get(self.place..) {
            Some(rest) if !rest.is_empty() => rest,
            _ => {
                let place = self.place - self.first.len();
                self.second.get(place..).unwrap_or_default()
            }
        }
    }
}

impl Read for Joined<'_> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let rest = self.rest();
        let count = rest.len().min(target.len());
        target[..count].copy_from_slice(&rest[..count]);
        self.place += count;
        Ok(count)
    }
}

impl BufRead for Joined<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.rest())
    }

    fn consume(&mut self, count: usize) {
        self.place += count;
    }
}

impl Seek for Joined<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let length = (self.first.len() + self.second.len()) as u64;
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::Current(step) => (self.place as u64).checked_add_signed(step),
            SeekFrom::End(step) => length.checked_add_signed(step),
        };
        let place = place.ok_or(io::ErrorKind::InvalidInput)?;
        self.place = usize::try_from(place).map_err(|_| io::ErrorKind::InvalidInput)?;
        Ok(place)
    }
}

/// A file of which only a limited number of bytes can be read, until more are granted.
#[derive(Debug)]
pub(super) struct Metered<'a> {
    file: Cursor<&'a [u8]>,
    pub(super) left: u64,
}

impl<'a> Metered<'a> {
    /// Starts without a limit.
    pub(super) fn new(file: &'a [u8]) -> Metered<'a> {
        Metered {
            file: Cursor::new(file),
            left: u64::MAX,
        }
    }
}

impl Read for Metered<'_> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let most = most.min(target.len());
        let count = self.file.read(&mut target[..most])?;
        self.left -= count as u64;
        Ok(count)
    }
}

impl Seek for Metered<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn nothing_is_taken_beyond_the_end() {
        let mut bytes = Bytes::new(&[1, 2, 3, 4]);
        assert_eq!(bytes.u16(), Some(0x0201));
        assert_eq!(bytes.array::<3>(), None);
        assert_eq!(bytes.take(3), None);
        assert_eq!(bytes.byte(), Some(3));
        assert_eq!(bytes.take_up_to(9), &[4]);
        assert_eq!(bytes.take(0), Some(&[][..]));
    }

    #[test]
    fn two_runs_are_read_as_one() {
        let mut file = Joined::new(b"abc", b"defg");
        let mut all = String::new();
        file.read_to_string(&mut all).unwrap();
        assert_eq!(all, "abcdefg");
        assert_eq!(file.seek(SeekFrom::Start(4)).unwrap(), 4);
        assert_eq!(file.fill_buf().unwrap(), b"efg");
        assert_eq!(file.seek(SeekFrom::Current(-3)).unwrap(), 1);
        assert_eq!(file.fill_buf().unwrap(), b"bc");
        assert_eq!(file.seek(SeekFrom::End(5)).unwrap(), 12);
        assert_eq!(file.fill_buf().unwrap(), b"");
        assert!(file.seek(SeekFrom::Current(-13)).is_err());
    }

    #[test]
    fn no_more_is_read_than_is_granted() {
        let mut file = Metered::new(b"abcdefg");
        file.left = 3;
        let mut all = String::new();
        file.read_to_string(&mut all).unwrap();
        file.left = 9;
        file.seek(SeekFrom::Start(5)).unwrap();
        file.read_to_string(&mut all).unwrap();
        assert_eq!((&all[..], file.left), ("abcfg", 7));
    }
}
