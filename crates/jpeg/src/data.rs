//! The compressed data of a scan.

use crate::bits::{Bits, Cursor};
use crate::error::Error;
use crate::marker::RST0;

/// The compressed data of a scan: one segment after the other, restart markers between them.
pub(crate) struct Data<'a> {
    /// The file from the marker at the end of the current segment on.
    rest: &'a [u8],
    /// The file from the current segment on.
    segment: &'a [u8],
    pub(crate) bits: Bits,
    marker: Option<u8>,
    /// Number of MCUs between two restart markers; 0 if there are none.
    interval: usize,
}

/// Maximum number of bytes that may follow the last block of a segment.
const MAX_ADDED_BYTES: isize = 16;

/// A position in the compressed data.
pub(crate) struct Place<'a> {
    segment: &'a [u8],
    cursor: Cursor,
}

/// The reason why a block could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The data has ended.
    Ends,
    /// No encoder would have written the data.
    Damaged,
}

impl<'a> Data<'a> {
    /// Starts the data after a scan header.
    pub(crate) fn new(mut rest: &'a [u8], interval: usize) -> Data<'a> {
        let mut bits = Bits::with_capacity(rest.len());
        let segment = rest;
        let marker = bits.start(&mut rest);
        Data {
            rest,
            segment,
            bits,
            marker,
            interval,
        }
    }

    /// Continues after a restart marker if there is one before this MCU, and returns true if so.
    #[inline]
    pub(crate) fn restarts(&mut self, mcu: usize) -> Result<bool, Flaw> {
        let is_due = self.is_restart(mcu);
        if is_due {
            self.restart(mcu)?;
        }
        Ok(is_due)
    }

    /// True if there is a restart marker before this MCU.
    #[inline(always)]
    pub(crate) fn is_restart(&self, mcu: usize) -> bool {
        self.interval > 0 && mcu > 0 && mcu.is_multiple_of(self.interval)
    }

    /// Continues after the restart marker before this MCU.
    pub(crate) fn restart(&mut self, mcu: usize) -> Result<(), Flaw> {
        self.end()?;
        let number = mcu / self.interval - 1;
        let expected = RST0 + (number % 8) as u8;
        match self.marker {
            Some(marker) if marker == expected => {
                self.start(&self.rest[2..]);
                Ok(())
            }
            Some(RST0..=0xD7) => Err(Flaw::Damaged),
            _ => Err(Flaw::Ends),
        }
    }

    fn start(&mut self, segment: &'a [u8]) {
        self.segment = segment;
        self.rest = segment;
        self.marker = self.bits.start(&mut self.rest);
    }

    /// Returns the position of the next bit, for [`rewind`](Self::rewind).
    pub(crate) fn place(&self) -> Place<'a> {
        Place {
            segment: self.segment,
            cursor: self.bits.cursor(),
        }
    }

    /// Goes back to a position of the same scan.
    pub(crate) fn rewind(&mut self, place: &Place<'a>) {
        if place.segment.len() != self.segment.len() {
            self.start(place.segment);
        }
        self.bits.rewind(place.cursor);
    }

    /// Fails if blocks were read that do not exist.
    pub(crate) fn check(&self) -> Result<(), Flaw> {
        match self.bits.overrun() {
            true => Err(Flaw::Ends),
            false => Ok(()),
        }
    }

    /// Fails unless the segment ends here. If blocks were damaged and happen to be valid, for
    /// example in a part of the file that was never written and is zero, too much or too little
    /// data is left. Some encoders add a few bytes.
    pub(crate) fn end(&self) -> Result<(), Flaw> {
        self.check()?;
        match self.bits.left() > 8 * MAX_ADDED_BYTES {
            true => Err(Flaw::Damaged),
            false => Ok(()),
        }
    }

    /// Returns the reason why a block is invalid.
    pub(crate) fn flaw(&self) -> Flaw {
        match self.bits.ends() {
            true => Flaw::Ends,
            false => Flaw::Damaged,
        }
    }

    /// Returns the file from the marker after the data on.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.rest
    }
}

impl Flaw {
    /// Makes the error after `mcus` MCUs of a part of the image, such as `the image`, were read.
    pub(crate) fn after(self, mcus: usize, of: usize, part: &str) -> Error {
        let percent = 100 * mcus / of.max(1);
        Error::corrupt(match self {
            Flaw::Ends => format!("the file ends after {percent} % of {part}"),
            Flaw::Damaged => format!("the data is damaged after {percent} % of {part}"),
        })
    }
}
