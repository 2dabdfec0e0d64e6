//! The samples of a component.

use crate::average::Average;
use crate::block::Block;
use crate::error::Error;
use crate::frame::{Component, Frame};
use crate::idct::Inverse;

/// Number of eighths of a whole side.
pub(crate) const WHOLE: usize = 8;

/// The steps that bring a component to a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Number of samples of a block, across and down: 1, 2, 4 or 8.
    pub(crate) block: (usize, usize),
    /// Number of pixels that each sample then becomes.
    pub(crate) stretch: (usize, usize),
}

impl Shape {
    pub(crate) fn new(frame: &Frame, component: &Component, eighths: usize) -> Shape {
        let side = |own: usize, largest: usize| {
            let ratio = largest / own;
            // Color that is stored at half the resolution is reduced less instead of being
            // stretched afterwards.
            let power = 1 << ratio.trailing_zeros();
            let block = (eighths * power).min(WHOLE);
            (block, eighths * ratio / block)
        };
        let across = side(component.across, frame.sampling.0);
        let down = side(component.down, frame.sampling.1);
        Shape {
            block: (across.0, down.0),
            stretch: (across.1, down.1),
        }
    }

    /// True if stretching interpolates: at twice the size. For other factors samples are repeated,
    /// as in libjpeg.
    pub(crate) fn is_smooth(&self) -> bool {
        let (across, down) = self.stretch;
        across <= 2 && down <= 2
    }

    /// True if a row of pixels is interpolated from two rows of samples.
    pub(crate) fn mixes_rows(&self) -> bool {
        self.is_smooth() && self.stretch.1 == 2
    }
}

/// One block in this many may have strong frequencies that are dropped: outlines are in few blocks,
/// patterns in most.
const STRONG_SHARE: usize = 8;

/// True if enough of the blocks are strong for them to be averaged.
pub(crate) fn is_patterned(strong: usize, blocks: usize) -> bool {
    strong > blocks / STRONG_SHARE
}

/// True if each row of MCUs becomes pixels by itself. Stretching and averaging combine rows of two
/// of them; but reduced planes are small.
pub(crate) fn streams(shapes: &[Shape], eighths: usize) -> bool {
    eighths == WHOLE && !shapes.iter().any(Shape::mixes_rows)
}

/// A component: one row of MCUs at a time, or all of them.
pub(crate) struct Plane {
    pub(crate) shape: Shape,
    inverse: Inverse,
    average: Option<Average>,
    /// Number of samples in a row.
    pub(crate) stride: usize,
    pub(crate) samples: Vec<u8>,
}

impl Plane {
    /// Makes a plane that keeps `strips` rows of MCUs at a time.
    pub(crate) fn new(
        frame: &Frame,
        component: &Component,
        shape: Shape,
        strips: usize,
    ) -> Result<Plane, Error> {
        let (width, height) = shape.block;
        let (columns, _) = frame.padded_blocks(component);
        let stride = columns * width;
        Ok(Plane {
            shape,
            inverse: Inverse::new(width, height)
                .ok_or_else(|| Error::corrupt("the components do not fit together"))?,
            average: None,
            stride,
            samples: vec![0; stride * strips * component.down * height],
        })
    }

    /// Draws a block into this column and row of blocks.
    #[inline]
    pub(crate) fn draw(&mut self, block: &Block, column: usize, row: usize) {
        let (width, height) = self.shape.block;
        let start = row * height * self.stride + column * width;
        self.inverse
            .apply(block, &mut self.samples[start..], self.stride);
    }

    /// Begins the row `strip` of MCUs, which is averaged: its blocks, in this number of columns and
    /// rows, are passed to [`add`](Self::add), then [`finish_average`](Self::finish_average) draws
    /// them.
    pub(crate) fn begin_average(&mut self, strip: usize, (columns, rows): (usize, usize)) {
        let (shape, stride) = (self.shape.block, self.stride);
        let average = self
            .average
            .get_or_insert_with(|| Average::new(shape, stride, (columns, rows)));
        average.begin(strip);
    }

    /// Adds a block with all its coefficients, in this column and row of the row of MCUs.
    #[inline]
    pub(crate) fn add(&mut self, block: &Block, column: usize, row: usize) {
        if let Some(average) = &mut self.average {
            average.add(block, column, row);
        }
    }

    /// Draws the averages. Rows of MCUs come in order.
    pub(crate) fn finish_average(&mut self) {
        if let Some(average) = &mut self.average {
            average.draw(&mut self.samples);
        }
    }
}
