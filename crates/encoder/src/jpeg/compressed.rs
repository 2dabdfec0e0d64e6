//! The compressed data of a picture.

use super::bits::Bits;
use super::plane::Plane;

const RESTART: u8 = 0xD0;
const END_OF_IMAGE: u8 = 0xD9;

/// The compressed data of a picture: one segment after the other, restart markers between them.
pub(super) struct Compressed<'a> {
    /// Behind the marker that ends the present segment.
    rest: &'a [u8],
    bits: Bits,
    marker: u8,
    restart_interval: usize,
}

impl<'a> Compressed<'a> {
    /// The data behind a header. `None` where it can be seen that the picture does not end behind it.
    pub(super) fn new(mut rest: &'a [u8], restart_interval: usize) -> Option<Compressed<'a>> {
        let mut bits = Bits::default();
        let marker = bits.start(&mut rest)?;
        if restart_interval == 0 && marker != END_OF_IMAGE {
            return None;
        }
        Some(Compressed {
            rest,
            bits,
            marker,
            restart_interval,
        })
    }

    /// Reads the `strip`-th row of `columns` MCUs; it is the `kept`-th of those that the planes keep.
    pub(super) fn read_strip(
        &mut self,
        planes: &mut [Plane<'_>],
        columns: usize,
        strip: usize,
        kept: usize,
    ) -> Option<()> {
        for column in 0..columns {
            let mcu = strip * columns + column;
            if self.restart_interval > 0 && mcu > 0 && mcu.is_multiple_of(self.restart_interval) {
                self.restart(mcu / self.restart_interval - 1)?;
                planes.iter_mut().for_each(Plane::restart);
            }
            for plane in &mut *planes {
                plane.read(&mut self.bits, column, kept)?;
            }
        }
        (!self.bits.overrun()).then_some(())
    }

    /// Goes on behind the restart marker of this number.
    fn restart(&mut self, number: usize) -> Option<()> {
        if self.bits.overrun() || usize::from(self.marker) != usize::from(RESTART) + number % 8 {
            return None;
        }
        self.marker = self.bits.start(&mut self.rest)?;
        Some(())
    }

    /// Whether the picture ends behind the present segment.
    pub(super) fn is_last(&self) -> bool {
        self.marker == END_OF_IMAGE
    }
}
