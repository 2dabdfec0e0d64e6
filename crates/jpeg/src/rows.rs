//! Conversion of planes to pixels, row by row.

use crate::color::{self, Color};
use crate::frame::Frame;
use crate::plane::{Plane, Shape, WHOLE};

/// The pixels of an image, from the top.
pub(crate) struct Rows {
    color: Color,
    /// Size of the result.
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Number of rows of pixels of a row of MCUs.
    of_strip: usize,
    lines: Vec<Line>,
    /// RGB of the rows so far.
    pub(crate) pixels: Vec<u8>,
}

impl Rows {
    pub(crate) fn new(frame: &Frame, color: Color, eighths: usize) -> Rows {
        let side = |length: usize| (length * eighths).div_ceil(WHOLE);
        let (width, height) = (side(frame.width), side(frame.height));
        Rows {
            color,
            width,
            height,
            of_strip: frame.sampling.1 * eighths,
            lines: frame.components.iter().map(|_| Line::default()).collect(),
            pixels: Vec::with_capacity(3 * width * height),
        }
    }

    /// Appends the rows of one row of MCUs, which is all that the planes contain.
    pub(crate) fn append_strip(&mut self, planes: &[Plane], strip: usize) {
        let above = strip * self.of_strip;
        self.append(planes, self.of_strip.min(self.height - above));
    }

    /// Appends all rows, from planes that contain them all.
    pub(crate) fn append_all(&mut self, planes: &[Plane]) {
        self.append(planes, self.height);
    }

    fn append(&mut self, planes: &[Plane], rows: usize) {
        let width = self.width;
        for row in 0..rows {
            for (line, plane) in self.lines.iter_mut().zip(planes) {
                line.read(plane, row, (width, rows));
            }
            let mut samples: [&[u8]; 4] = [&[]; 4];
            for (samples, (line, plane)) in samples.iter_mut().zip(self.lines.iter().zip(planes)) {
                *samples = line.samples(plane, row, width);
            }
            color::append(self.color, &samples[..planes.len()], &mut self.pixels);
        }
    }
}

/// A row of a component at the size of the image.
#[derive(Default)]
struct Line {
    samples: Vec<u8>,
    /// Sums of three times the nearer row and the farther one.
    sums: Vec<u16>,
}

impl Line {
    /// Returns the row after [`Line::read`]; one that is not stretched stays in the plane.
    fn samples<'a>(&'a self, plane: &'a Plane, row: usize, width: usize) -> &'a [u8] {
        match plane.shape.stretch {
            (1, 1) => &plane.samples[row * plane.stride..][..width],
            _ => &self.samples[..width],
        }
    }

    /// Reads row `row` of `size.1` rows of `size.0` pixels. Between stored samples, the two nearest
    /// are weighted three quarters and one quarter; at the edges of the image there is only one.
    fn read(&mut self, plane: &Plane, row: usize, size: (usize, usize)) {
        let Shape { stretch, .. } = plane.shape;
        let width = size.0.div_ceil(stretch.0);
        let height = size.1.div_ceil(stretch.1);
        let stored = |row: usize| &plane.samples[row * plane.stride..][..width];
        self.samples.clear();
        if !plane.shape.is_smooth() {
            let repeated = |&sample: &u8| std::iter::repeat_n(sample, stretch.0);
            self.samples
                .extend(stored(row / stretch.1).iter().flat_map(repeated));
            return;
        }
        let (near, far) = match stretch.1 {
            1 => (row, row),
            // The upper half of a stored row is nearer to the row above, the lower half to the row
            // below.
            _ if row.is_multiple_of(2) => (row / 2, (row / 2).saturating_sub(1)),
            _ => (row / 2, (row / 2 + 1).min(height - 1)),
        };
        let (near, far) = (stored(near), stored(far));
        let sums = near.iter().zip(far).map(|(&near, &far)| sum(near, far));
        match stretch {
            (1, 1) => {}
            (1, _) => self.samples.extend(sums.map(|sum| ((sum + 2) >> 2) as u8)),
            (_, 1) => {
                self.sums.clear();
                self.sums.extend(near.iter().map(|&near| u16::from(near)));
                self.stretch(2, 2);
            }
            (_, _) => {
                self.sums.clear();
                self.sums.extend(sums);
                self.stretch(8, 4);
            }
        }
    }

    /// Makes twice as many samples as there are sums: each of three quarters of one and a quarter
    /// of its neighbor, rounded by `half` and divided by two to the power of `bits`.
    fn stretch(&mut self, half: u16, bits: u32) {
        let count = self.sums.len();
        self.samples.resize(2 * count, 0);
        let (pairs, _) = self.samples.as_chunks_mut::<2>();
        let mixed = |own: u16, other: u16| ((3 * own + other + half) >> bits) as u8;
        // At the ends there is no neighbor, only the sample.
        let alone = |own: u16| ((4 * own + if bits == 4 { 8 } else { 0 }) >> bits) as u8;
        let (Some(&first), Some(&last)) = (self.sums.first(), self.sums.last()) else {
            return;
        };
        if let Some(inner) = pairs.get_mut(1..count - 1) {
            for (pair, sums) in inner.iter_mut().zip(self.sums.array_windows::<3>()) {
                *pair = [mixed(sums[1], sums[0]), mixed(sums[1], sums[2])];
            }
        }
        pairs[0] = [alone(first), alone(first)];
        pairs[count - 1] = [alone(last), alone(last)];
        if count > 1 {
            pairs[0][1] = mixed(first, self.sums[1]);
            pairs[count - 1][0] = mixed(last, self.sums[count - 2]);
        }
    }
}

fn sum(near: u8, far: u8) -> u16 {
    3 * u16::from(near) + u16::from(far)
}
