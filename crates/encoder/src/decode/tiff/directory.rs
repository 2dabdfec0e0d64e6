use std::collections::HashSet;

use crate::decode::bytes::Bytes;

/// Maximum number of strips or tiles: four times as many as the largest image has of the smallest
/// tiles.
const MAX_CHUNKS: usize = 1 << 20;

/// Maximum number of entries of a directory: no writer makes a thousand, and all are scanned for
/// each one that is read.
const MAX_ENTRIES: usize = 4096;

/// Maximum number of values of an entry that does not list chunks. The decoder allocates as many as
/// an entry claims before it reads them from the file.
const MAX_VALUES: u64 = 4096;

/// Baseline TIFF and its supplements, which the decoder reads; others hold metadata.
const OF_PIXELS: std::ops::RangeInclusive<u16> = 254..=532;

/// Offsets and sizes of strips and tiles.
const CHUNK_TAGS: [u16; 4] = [273, 279, 324, 325];

/// Text entries, which the decoder does not read and which may be long.
const TEXT_TAGS: [u16; 11] = [269, 270, 271, 272, 285, 305, 306, 315, 316, 333, 337];

/// The entries of a directory as they are in the file.
pub(super) struct Directory<'a> {
    file: &'a [u8],
    entries: &'a [u8],
    big_endian: bool,
    /// True if numbers have eight bytes instead of four.
    big: bool,
}

impl<'a> Directory<'a> {
    pub(super) fn first(file: &'a [u8]) -> Option<Directory<'a>> {
        let big_endian = file.starts_with(b"MM");
        let mut reader = Directory {
            file,
            entries: &[],
            big_endian,
            big: false,
        };
        reader.big = reader.number(file.get(2..4)?)? == 43;
        let place = match reader.big {
            true => file.get(8..16)?,
            false => file.get(4..8)?,
        };
        let place = usize::try_from(reader.number(place)?).ok()?;
        let mut bytes = Bytes::new(file.get(place..)?);
        let count = bytes.take(if reader.big { 8 } else { 2 })?;
        let count = usize::try_from(reader.number(count)?).ok()?;
        if count > MAX_ENTRIES {
            return None;
        }
        let length = count.checked_mul(reader.entry())?;
        reader.entries = bytes.take(length)?;
        reader.is_sane()?.then_some(reader)
    }

    /// True if no tag occurs twice, so that all readers see the same entry, and no entry claims too
    /// many values: chunks have as many offsets as sizes, and the file has room for them.
    fn is_sane(&self) -> Option<bool> {
        let mut tags = HashSet::new();
        let mut chunks = [0; CHUNK_TAGS.len()];
        for entry in self.entries.chunks_exact(self.entry()) {
            let tag = self.number(entry.get(..2)?)? as u16;
            let count = self.number(entry.get(4..if self.big { 12 } else { 8 })?)?;
            let mut limit = MAX_VALUES;
            if let Some(place) = CHUNK_TAGS.iter().position(|&own| own == tag) {
                chunks[place] = count;
                limit = self.file.len() as u64 / 2;
            }
            let is_limited = OF_PIXELS.contains(&tag) && !TEXT_TAGS.contains(&tag);
            if !tags.insert(tag) || is_limited && count > limit {
                return Some(false);
            }
        }
        let [offsets, sizes, tile_offsets, tile_sizes] = chunks;
        // If a file had strips and tiles, only one kind would be checked, and both would be read.
        let is_one_kind = offsets == 0 || tile_offsets == 0;
        Some(is_one_kind && offsets == sizes && tile_offsets == tile_sizes)
    }

    fn entry(&self) -> usize {
        if self.big { 20 } else { 12 }
    }

    /// Reads a number of up to eight bytes.
    fn number(&self, bytes: &[u8]) -> Option<u64> {
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        let number = match self.big_endian {
            true => bytes.iter().fold(0, add),
            false => bytes.iter().rev().fold(0, add),
        };
        (bytes.len() <= 8).then_some(number)
    }

    /// Returns the first number of the entry with this tag.
    pub(super) fn value(&self, tag: u16) -> Option<u32> {
        let (numbers, size) = self.numbers(tag)?;
        u32::try_from(self.number(numbers.get(..size)?)?).ok()
    }

    /// Returns all numbers of the entry with this tag.
    pub(super) fn values(&self, tag: u16) -> Option<Vec<u64>> {
        let (numbers, size) = self.numbers(tag)?;
        if numbers.len() / size > MAX_CHUNKS {
            return None;
        }
        numbers
            .chunks(size)
            .map(|bytes| self.number(bytes))
            .collect()
    }

    /// Returns the bytes of an entry's numbers, and the bytes that each one takes.
    fn numbers(&self, tag: u16) -> Option<(&'a [u8], usize)> {
        let has_tag =
            |entry: &&[u8]| entry.get(..2).and_then(|own| self.number(own)) == Some(tag.into());
        let entry = self.entries.chunks_exact(self.entry()).find(has_tag)?;
        let size = match self.number(entry.get(2..4)?)? {
            1 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 13 => 4,
            16..=18 => 8,
            _ => return None,
        };
        let (count, value) = match self.big {
            true => (self.number(entry.get(4..12)?)?, entry.get(12..20)?),
            false => (self.number(entry.get(4..8)?)?, entry.get(8..12)?),
        };
        let length = usize::try_from(count).ok()?.checked_mul(size)?;
        let numbers = match length <= value.len() {
            true => value,
            false => {
                let place = usize::try_from(self.number(value)?).ok()?;
                self.file.get(place..)?
            }
        };
        Some((numbers.get(..length)?, size))
    }
}
