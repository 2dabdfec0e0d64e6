//! Baseline JPEG at 1/8, 1/4 or 1/2 of its size, straight from the low frequencies of its blocks: what a
//! large photo takes is mostly the reading of coefficients, and most of those are not needed. Colour
//! that is stored at half the resolution comes out at the size of the rest, so nothing is interpolated.
//!
//! Only the common kind of file is read, and only when it is flawless and without fine patterns of strong
//! contrast, which would come out as moire; everything else is left to a complete decoder. ITU-T T.81
//! describes the format.

use image::RgbImage;

use super::bits::Bits;
use super::block::{Block, Coding, bits_above};
use super::colour;
use super::header::{Component, Header};
use super::idct::Inverse;

/// A frequency of this amplitude, or a contrast of some 20 of 256 steps, is not left out unseen: blocks
/// are reduced each for itself, and a pattern that is at odds with them shows as another, coarser one. At
/// 100 the tests find such patterns; at 60 the texture of detailed photos is taken for one.
const STRONG: f32 = 70.0;
/// One block in so many may have such frequencies: outlines are in few blocks, patterns in most.
const STRONG_SHARE: usize = 20;

const RESTART: u8 = 0xD0;
const END_OF_IMAGE: u8 = 0xD9;

/// What a file of the kind that is read here has at a size.
pub(super) enum Reduced {
    Picture(RgbImage),
    /// Fine patterns that would come out as others; fewer are lost at a larger size.
    Pattern,
}

/// The picture at `eighths` (1, 2 or 4) eighths of its size, sides rounded up. `None` when the file is of
/// another kind or has a flaw, and would be at any size.
pub(super) fn decode(bytes: &[u8], eighths: usize) -> Option<Reduced> {
    decode_without(bytes, eighths, STRONG)
}

/// The same, with frequencies of this amplitude for strong ones.
fn decode_without(bytes: &[u8], eighths: usize, strong: f32) -> Option<Reduced> {
    let mut rest = bytes;
    let header = Header::read(&mut rest)?;
    let most = |side: fn(&Component) -> usize| header.components.iter().map(side).max();
    let (across, down) = (most(|c| c.across)?, most(|c| c.down)?);
    let planes = header.components.iter();
    let mut planes = planes
        .map(|component| Plane::new(&header, component, (across, down), eighths, strong))
        .collect::<Option<Vec<_>>>()?;

    let (width, height) = (header.width, header.height);
    let columns = width.div_ceil(8 * across);
    let size = (
        (width * eighths).div_ceil(8),
        (height * eighths).div_ceil(8),
    );
    let mut pixels = Vec::with_capacity(3 * size.0 * size.1);
    let mut data = Compressed::new(rest, header.restart_interval)?;
    for plane in &mut planes {
        plane.samples = vec![0; columns * plane.across * plane.width * plane.rows()];
    }
    let strips = height.div_ceil(8 * down);
    for strip in 0..strips {
        data.read_strip(&mut planes, columns, strip * columns)?;
        let pattern = |plane: &Plane<'_>| {
            let blocks = columns * plane.across * strips * plane.down;
            plane.strong > blocks / STRONG_SHARE
        };
        if planes.iter().any(pattern) {
            return Some(Reduced::Pattern);
        }
        let rows = (down * eighths).min(size.1 - strip * down * eighths);
        let stride = columns * across * eighths;
        for row in 0..rows {
            let samples = planes
                .iter()
                .map(|plane| &plane.samples[row * stride..][..size.0]);
            colour::append(samples, &mut pixels);
        }
    }
    if !data.is_last() {
        return None;
    }
    RgbImage::from_raw(size.0 as u32, size.1 as u32, pixels).map(Reduced::Picture)
}

/// A component of one row of MCUs.
struct Plane<'a> {
    coding: Coding<'a>,
    kept: usize,
    inverse: Inverse,
    /// Blocks in an MCU.
    across: usize,
    down: usize,
    /// Samples that a block becomes.
    width: usize,
    height: usize,
    /// The block before, from which the first coefficient differs.
    previous: i32,
    block: Block,
    /// How many blocks had a strong coefficient that was not wanted.
    strong: usize,
    samples: Vec<u8>,
}

impl<'a> Plane<'a> {
    fn new(
        header: &'a Header,
        component: &Component,
        (across, down): (usize, usize),
        eighths: usize,
        strong: f32,
    ) -> Option<Plane<'a>> {
        let ratio = |most: usize, own: usize| {
            let whole = own > 0 && most.is_multiple_of(own);
            whole.then(|| eighths * most / own)
        };
        let (width, height) = (
            ratio(across, component.across)?,
            ratio(down, component.down)?,
        );
        let (dc, ac, quantiser) = header.tables(component)?;
        let coding = Coding {
            dc,
            ac,
            quantiser,
            corner: (width, height),
            strong: quantiser.map(|factor| bits_above(strong, factor)),
        };
        Some(Plane {
            kept: coding.kept(),
            coding,
            inverse: Inverse::new(width, height)?,
            across: component.across,
            down: component.down,
            width,
            height,
            previous: 0,
            block: Block::EMPTY,
            strong: 0,
            samples: Vec::new(),
        })
    }

    fn rows(&self) -> usize {
        self.down * self.height
    }

    /// Reads the blocks of an MCU, the one in this column of the strip.
    #[inline]
    fn read(&mut self, bits: &mut Bits, column: usize) -> Option<()> {
        let stride = self.samples.len() / self.rows();
        for down in 0..self.down {
            for across in 0..self.across {
                let previous = &mut self.previous;
                self.block.read(bits, &self.coding, self.kept, previous)?;
                self.strong += usize::from(self.block.strong);
                let left = (column * self.across + across) * self.width;
                let samples = &mut self.samples[down * self.height * stride + left..];
                self.inverse.apply(&self.block, samples, stride);
            }
        }
        Some(())
    }
}

/// The compressed data of a picture: one segment after the other, restart markers between them.
struct Compressed<'a> {
    /// Behind the marker that ends the present segment.
    rest: &'a [u8],
    bits: Bits,
    marker: u8,
    restart_interval: usize,
}

impl<'a> Compressed<'a> {
    fn new(mut rest: &'a [u8], restart_interval: usize) -> Option<Compressed<'a>> {
        let mut bits = Bits::default();
        let marker = bits.start(&mut rest)?;
        Some(Compressed {
            rest,
            bits,
            marker,
            restart_interval,
        })
    }

    /// Reads a row of MCUs, of which `before` came before.
    fn read_strip(
        &mut self,
        planes: &mut [Plane<'_>],
        columns: usize,
        before: usize,
    ) -> Option<()> {
        for column in 0..columns {
            let mcu = before + column;
            if self.restart_interval > 0 && mcu > 0 && mcu.is_multiple_of(self.restart_interval) {
                self.restart(mcu / self.restart_interval - 1)?;
                planes.iter_mut().for_each(|plane| plane.previous = 0);
            }
            for plane in &mut *planes {
                plane.read(&mut self.bits, column)?;
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
    fn is_last(&self) -> bool {
        self.marker == END_OF_IMAGE
    }
}

#[cfg(test)]
mod tests;
