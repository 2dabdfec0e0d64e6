//! A component of a picture while its blocks are read.

use super::bits::Bits;
use super::block::{Block, Coding, bits_above};
use super::header::{Component, Header};
use super::idct::Inverse;

/// A component: the row of MCUs that is read, or all of them.
pub(super) struct Plane<'a> {
    coding: Coding<'a>,
    kept: usize,
    inverse: Inverse,
    /// Blocks in an MCU.
    pub(super) across: usize,
    pub(super) down: usize,
    /// Samples that a block becomes.
    width: usize,
    height: usize,
    /// The block before, from which the first coefficient differs.
    previous: i32,
    block: Block,
    /// How many blocks had a strong coefficient that was not wanted.
    pub(super) strong: usize,
    /// Samples in a row.
    pub(super) stride: usize,
    pub(super) samples: Vec<u8>,
}

impl<'a> Plane<'a> {
    /// A component whose blocks become `width` x `height` samples each; `strips` rows of `columns` MCUs are kept
    /// at a time. Unwanted coefficients from this amplitude on are strong.
    pub(super) fn new(
        header: &'a Header,
        component: &Component,
        (width, height): (usize, usize),
        (columns, strips): (usize, usize),
        strong: f32,
    ) -> Option<Plane<'a>> {
        let (dc, ac, quantiser) = header.tables(component)?;
        let coding = Coding {
            dc,
            ac,
            quantiser,
            corner: (width, height),
            strong: quantiser.map(|factor| bits_above(strong, factor)),
        };
        let stride = columns * component.across * width;
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
            stride,
            samples: vec![0; stride * strips * component.down * height],
        })
    }

    /// Reads the blocks of an MCU: the one in this column, of this strip of those that are kept.
    #[inline]
    pub(super) fn read(&mut self, bits: &mut Bits, column: usize, strip: usize) -> Option<()> {
        for down in 0..self.down {
            for across in 0..self.across {
                let previous = &mut self.previous;
                self.block.read(bits, &self.coding, self.kept, previous)?;
                self.strong += usize::from(self.block.strong);
                let left = (column * self.across + across) * self.width;
                let top = (strip * self.down + down) * self.height;
                let samples = &mut self.samples[top * self.stride + left..];
                self.inverse.apply(&self.block, samples, self.stride);
            }
        }
        Some(())
    }

    /// Forgets the block before, as after a restart marker.
    pub(super) fn restart(&mut self) {
        self.previous = 0;
    }
}
